/** Kubernetes objects as templates of a chart: values of an object become actions of Helm's, the rest stays as it is. */
import { type Document, isScalar, parseAllDocuments, visit } from 'yaml';

/** Lines, of which one may say `nindent @2`: two deeper than the place where they are put. */
interface Action {
  readonly token: string;
  /** Instead of an entry of a map or of an item of a list, not of a value alone. */
  readonly wholeLines: boolean;
  readonly lines: readonly string[];
}

export class ObjectTemplate {
  readonly #document: Document;
  readonly #actions: Action[] = [];
  readonly #conditions: string[] = [];

  /** @throws where the object holds what Helm would take for an action */
  constructor(document: Document) {
    this.#document = document;
    // Whatever else its file holds, a condition belongs to this one alone.
    if (document.directives !== undefined) document.directives.docStart = true;
    if (document.toString().includes('{{'))
      throw new Error(`${this.kind} ${this.name} holds {{, which Helm would read`);
  }

  /** What it is without any action. */
  toJS(): unknown {
    return this.#document.toJS();
  }

  get kind(): string {
    return String(this.#document.getIn(['kind']));
  }

  get name(): string {
    return String(this.#document.getIn(['metadata', 'name']));
  }

  /** Puts `{{ expression }}` where there is a value. @throws where there is none */
  replace(path: readonly (string | number)[], expression: string): void {
    if (!this.#document.hasIn(path)) throw new Error(`${this.kind} ${this.name} has no ${path.join('.')}`);
    this.#document.setIn(path, this.#token([`{{ ${expression} }}`], false));
  }

  remove(path: readonly (string | number)[]): void {
    this.#document.deleteIn(path);
  }

  /** @throws where something else is there: what is replaced beside it would be something else too */
  expect(path: readonly (string | number)[], value: string | undefined): void {
    const found = this.#document.getIn(path);
    if (found !== value)
      throw new Error(`${this.kind} ${this.name} has ${String(found)} at ${path.join('.')}, not ${value}`);
  }

  /** Puts lines at the end of a map, in its indentation. */
  append(path: readonly (string | number)[], ...lines: readonly string[]): void {
    this.#document.setIn([...path, this.#token(lines, true)], null);
  }

  /** Puts lines at the end of a list, in the indentation of its items. */
  appendItems(path: readonly (string | number)[], ...lines: readonly string[]): void {
    this.#document.addIn(path, this.#token(lines, true));
  }

  /** Puts `{{ expression }}` wherever this very text is a value. @throws where it is a part of a longer one */
  replaceEverywhere(text: string, expression: string): void {
    visit(this.#document, {
      Scalar: (key, node) => {
        if (key === 'key' || typeof node.value !== 'string' || !node.value.includes(text)) return;
        if (node.value !== text) throw new Error(`${this.kind} ${this.name} has ${text} within '${node.value}'`);
        node.value = this.#token([`{{ ${expression} }}`], false);
      },
    });
  }

  /** The object exists only where this holds. */
  onlyIf(condition: string): void {
    this.#conditions.push(condition);
  }

  toString(): string {
    visit(this.#document, {
      Scalar: (_, node) => {
        // A token is written plainly, whatever was there.
        if (isScalar(node) && typeof node.value === 'string' && node.value.startsWith(tokenStart)) delete node.type;
      },
    });
    // Helm's actions have no length.
    const text = this.#document.toString({ lineWidth: 0 });
    const lines = text.split('\n').map((line) => this.#resolve(line));
    const before = this.#conditions.map((condition) => `{{- if ${condition} }}\n`).join('');
    return `${before}${lines.join('\n')}${this.#conditions.map(() => '{{- end }}\n').join('')}`;
  }

  #token(lines: readonly string[], wholeLines: boolean): string {
    const token = `${tokenStart}${this.#actions.length}x`;
    this.#actions.push({ token, wholeLines, lines });
    return token;
  }

  #resolve(line: string): string {
    const action = this.#actions.find(({ token }) => line.includes(token));
    if (action === undefined) return line;
    const { token, wholeLines, lines } = action;
    const indentation = /^ */.exec(line)?.[0] ?? '';
    const indented = lines.map((each) =>
      each.replace(/nindent @(\d+)/, (_, deeper: string) => `nindent ${indentation.length + Number(deeper)}`),
    );
    if (!wholeLines) return line.replace(token, indented.join(' '));
    return indented.map((each) => (each.startsWith('{{-') ? each : `${indentation}${each}`)).join('\n');
  }
}

const tokenStart = 'helmAction';

export function parseObjects(manifest: string): ObjectTemplate[] {
  return parseAllDocuments(manifest).map((document) => {
    if ('empty' in document || document.errors.length > 0) throw new Error('What kustomize renders is not YAML');
    return new ObjectTemplate(document);
  });
}
