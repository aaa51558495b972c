/** The types of values that fields have: what is read, the exact words of a refusal, and how they are written in a variable. */
import * as z from 'zod';
import { printable } from '../core/model.ts';
import { isLoopback, shownAddress } from '../http/endpoint.ts';
import { durationText, parseDuration } from '../lib/duration.ts';
import type { Message } from '../lib/message.ts';
import { httpMessages } from '../lib/messages/http.ts';
import { valueMessages as messages } from '../lib/messages/settings.ts';
import { readPoolcAddress } from '../poolc/endpoint.ts';
import { type Notation, valueType } from './fields.ts';
import { customIssue, errorText } from './words.ts';

const asWritten: Notation = {
  placeholder: 'TEXT',
  type: 'text',
  fromText: (given) => given,
  toText: String,
  shown: (given) => `=${printable(given)}`,
};

/** Any text but none at all. */
export function anyText(placeholder: string) {
  const needed = errorText(messages.text());
  return valueType(z.string({ error: needed }).trim().min(1, { error: needed }), { ...asWritten, placeholder });
}

/** One text and no other. */
export function exactly<const Text extends string>(wanted: Text) {
  return valueType(z.literal(wanted, { error: errorText(messages.exactly({ wanted })) }), asWritten);
}

/** The name of a variable that holds a secret; never shown, since it may be the secret itself. */
export function variableName() {
  const error = errorText(messages.variableName());
  const schema = z.string({ error }).regex(/^[A-Z_][A-Z0-9_]*$/, { error });
  return valueType(schema, { ...asWritten, placeholder: 'NAME', shown: () => '' });
}

export function yesOrNo() {
  const needed = errorText(messages.yesOrNo());
  return valueType(z.boolean({ error: needed }), {
    ...asWritten,
    placeholder: 'true|false',
    type: 'boolean',
    fromText: (given) => (given === 'true' ? true : given === 'false' ? false : given),
  });
}

export function count(least: number, most = 1_000_000) {
  const error = errorText(messages.count({ least, most }));
  return valueType(z.int({ error }).min(least, { error }).max(most, { error }), {
    ...asWritten,
    placeholder: 'N',
    type: 'whole number',
    fromText: (given) => (/^\d{1,7}$/.test(given) ? Number(given) : given),
  });
}

/** Seconds. A document writes one number with its unit; a variable may also say `1h30m`, or seconds without a unit. */
export function duration(least: number, most: number) {
  const error = errorText(messages.duration({ least: durationText(least), most: durationText(most) }));
  const schema = z
    .string({ error })
    .regex(/^[0-9]+(s|m|h|d)$/, { error })
    .transform((given, { issues }) => {
      const seconds = parseDuration(given);
      if (seconds !== undefined && seconds >= least && seconds <= most) return seconds;
      issues.push({ code: 'custom', message: error, input: given });
      return z.NEVER;
    });
  return valueType(schema, {
    ...asWritten,
    placeholder: 'DURATION',
    type: 'duration',
    fromText: (given) => {
      const seconds = parseDuration(given);
      return seconds === undefined ? given : `${seconds}s`;
    },
  });
}

/** In a variable, separated by commas. */
export function list(of: Message) {
  const error = errorText(messages.list({ of }));
  return valueType(z.array(z.string({ error }).min(1, { error }), { error }), {
    ...asWritten,
    placeholder: 'LIST',
    type: 'list',
    fromText: (given) =>
      given
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    toText: (value) => (Array.isArray(value) ? value.join(',') : ''),
  });
}

export function oneOf<const Choice extends string>(choices: readonly Choice[], placeholder: string) {
  return valueType(z.enum(choices, { error: errorText(messages.oneOf({ choices })) }), {
    ...asWritten,
    placeholder,
    type: choices.join(' | '),
    fromText: (given) => given.toLowerCase(),
    choices,
  });
}

export function namespaceName() {
  const error = errorText(messages.namespace());
  const schema = z.string({ error }).regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error });
  return valueType(schema, { ...asWritten, placeholder: 'NAME', type: 'namespace' });
}

/** The address of an API that secrets are sent to: https, or loopback. */
export function endpoint() {
  const error = errorText(httpMessages.notAnAddress());
  const schema = z.string({ error }).transform((given, { issues }) => {
    const reading = readPoolcAddress(given);
    if ('url' in reading) return reading.url;
    issues.push(customIssue(reading.why, given, reading.hint));
    return z.NEVER;
  });
  return valueType(schema, { ...asWritten, placeholder: 'URL', type: 'URL', shown: shownAddress });
}

/** An API server's address, for kubeconfigs: nothing is sent there. */
export function apiServer() {
  const error = errorText(messages.apiServer());
  const schema = z.string({ error }).transform((given, { issues }) => {
    if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return new URL(given);
    issues.push({ code: 'custom', message: error, input: given });
    return z.NEVER;
  });
  return valueType(schema, { ...asWritten, placeholder: 'URL', type: 'URL' });
}

/** The address of what is not the PoolC API: it may have a query. */
export function webAddress() {
  const error = errorText(messages.webAddress());
  const schema = z.string({ error }).transform((given, { issues }) => {
    const why = webAddressProblem(given);
    if (why === undefined) return new URL(given);
    issues.push(customIssue(why, given));
    return z.NEVER;
  });
  return valueType(schema, { ...asWritten, placeholder: 'URL', type: 'URL', shown: shownAddress });
}

function webAddressProblem(given: string): Message | undefined {
  if (!URL.canParse(given)) return messages.webAddress();
  const { protocol, username, password, hostname, hash } = new URL(given);
  if (protocol !== 'https:' && protocol !== 'http:') return messages.webAddress();
  if (username !== '' || password !== '') return httpMessages.holdsCredential();
  if (hash !== '') return messages.hasFragment();
  if (protocol === 'http:' && !isLoopback(hostname)) return messages.inTheClear();
  return undefined;
}

/** The name of an object for each member, made from their account's. */
export function nameTemplate() {
  const error = errorText(messages.nameTemplate());
  const schema = z.string({ error }).refine(
    (given) => {
      const [before, after, ...more] = given.split('{account}');
      if (before === undefined || after === undefined || more.length > 0 || given.length > 100) return false;
      return /^([a-z0-9][-a-z0-9.]*)?$/.test(before) && /^([-a-z0-9.]*[a-z0-9])?$/.test(after);
    },
    { error },
  );
  return valueType(schema, { ...asWritten, type: 'name with {account}' });
}

/** The name of a MemberSync. */
export function objectName() {
  const error = errorText(messages.objectName());
  const schema = z.string({ error }).regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error });
  return valueType(schema, { ...asWritten, placeholder: 'NAME', type: 'name' });
}

/** A quantity of Kubernetes, such as 20, 500m or 8Gi; the API server knows the rest of its rules. */
export function quantity() {
  const error = errorText(messages.quantity());
  const schema = z
    .union([z.number({ error }), z.string({ error })], { error })
    .transform(String)
    .refine((given) => /^\d{1,18}(\.\d{1,9})?([munkMGTPE]|[KMGTPE]i)?$/.test(given), { error });
  return valueType(schema, { ...asWritten, type: 'quantity' });
}
