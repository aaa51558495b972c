/** The expressions that say where in an answer the members are: JMESPath, checked before anything is asked. */
import { JMESPathTypeError, search } from '@aws-lambda-powertools/jmespath';
import { harmless } from '../../http/exchange.ts';
import { Failure, firstSentence } from '../../lib/failure.ts';
import { isRecord } from '../../lib/json.ts';

/** By field of spec.directory.http. */
export interface Expressions {
  readonly members: string;
  readonly id: string;
  readonly login?: string | undefined;
  readonly active?: string | undefined;
  readonly next?: string | undefined;
  readonly total?: string | undefined;
}

type Field = keyof Expressions;

/** Evaluates one expression. What it finds nothing for is null. @throws Failure (directory) where it can't be evaluated */
type Compiled = (data: unknown) => unknown;
/** Evaluates an expression for each row: as many values, in the same order. */
type CompiledPerRow = (rows: readonly unknown[]) => readonly unknown[];

export interface CompiledExpressions {
  readonly members: Compiled;
  readonly id: CompiledPerRow;
  readonly login: CompiledPerRow | undefined;
  readonly active: CompiledPerRow | undefined;
  readonly next: Compiled | undefined;
  readonly total: Compiled | undefined;
}

/** @throws Failure (usage) that names the field of an expression that is none */
export function compileExpressions({ members, id, login, active, next, total }: Expressions): CompiledExpressions {
  if (total === undefined && leavesOutNulls(members))
    throw new Failure(
      'usage',
      'spec.directory.http.members holds a projection, such as [*], which leaves out every member for whom it finds nothing, without a word; and there is no total that would notice',
      { hint: 'end it at the list, such as members: data with id: user.id, or give spec.directory.http.total' },
    );
  return {
    members: compile('members', members),
    id: compilePerRow('id', id),
    login: login === undefined ? undefined : compilePerRow('login', login),
    active: active === undefined ? undefined : compilePerRow('active', active),
    next: next === undefined ? undefined : compile('next', next),
    total: total === undefined ? undefined : compile('total', total),
  };
}

/**
 * Whether the expression projects a list or an object: then JMESPath drops what is null. A filter ([?kind == 'student'])
 * leaves out what the operator says, unless something follows it.
 */
function leavesOutNulls(expression: string): boolean {
  const code = expression.replace(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"/gs, 'x');
  const withoutFilters = code.replace(/\[\?[^\]]*\]\s*(?=$|\|)/g, '');
  return /\[\s*\*?\s*\]|\[\?|\[[^\]]*:[^\]]*\]|(^|[.|(,])\s*\*/.test(withoutFilters);
}

function compile(field: Field, expression: string): Compiled {
  check(field, expression);
  return evaluator(field, expression);
}

/**
 * A path of plain names (`user.id`), which nearly every API needs no more than, is followed by hand: the library takes ten
 * times as long. Else one evaluation a page, since one a row takes many times as long. Unlike a projection, `map` leaves out no null. The
 * library's `map` turns false, 0 and '' into null: each value is in an object, which it leaves as it is.
 */
function compilePerRow(field: Field, expression: string): CompiledPerRow {
  check(field, expression);
  const names = namesOf(expression);
  if (names !== undefined) return (rows) => rows.map((row) => follow(row, names));
  const evaluate = evaluator(field, `map(&{value: (${expression})}, @)`);
  return (rows) => {
    const values = evaluate(rows);
    if (Array.isArray(values) && values.length === rows.length)
      return values.map((wrapped: unknown) => (isRecord(wrapped) ? wrapped['value'] : null));
    throw new Failure('internal', `spec.directory.http.${field} did not give one value for each member`);
  };
}

/** The names of a path of plain names; undefined for any other expression. */
function namesOf(expression: string): readonly string[] | undefined {
  const text = expression.trim();
  return /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(text) ? text.split('.') : undefined;
}

function follow(row: unknown, names: readonly string[]): unknown {
  let value = row;
  for (const name of names) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return null;
    value = value[name];
  }
  return value;
}

function check(field: Field, expression: string): void {
  try {
    searchFor(expression, null);
  } catch (error) {
    // Right for an answer, though not for null, such as length(@).
    if (error instanceof JMESPathTypeError) return;
    throw new Failure('usage', `spec.directory.http.${field} is not a JMESPath expression: ${wordsOf(error)}`, {
      cause: error,
      hint: 'https://jmespath.org/tutorial.html shows how to write one',
    });
  }
}

function evaluator(field: Field, expression: string): Compiled {
  return (data) => {
    try {
      return searchFor(expression, data) ?? null;
    } catch (error) {
      throw new Failure(
        'directory',
        `spec.directory.http.${field} can't be evaluated for the answer: ${wordsOf(error)}; nothing was changed`,
        { cause: error, hint: 'compare the expression with an answer of the API' },
      );
    }
  };
}

/** The library keeps what it parsed. With a space before it, no expression is a name that every object has. */
function searchFor(expression: string, data: unknown): unknown {
  return search(` ${expression}`, isSearchable(data) ? data : null);
}

type Searchable = Parameters<typeof search>[1];

function isSearchable(data: unknown): data is Searchable {
  return isRecord(data) || Array.isArray(data) || ['string', 'number', 'boolean'].includes(typeof data);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? harmless(firstSentence(error)) : 'an unknown error';
}
