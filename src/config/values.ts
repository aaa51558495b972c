/** The types of values that fields have: what is read, the exact words of a refusal, and how they are written in a variable. */
import * as z from 'zod';
import { printable } from '../core/model.ts';
import { readAddress, shownAddress } from '../http/endpoint.ts';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { type Notation, valueType } from './fields.ts';

const asWritten: Notation = {
  placeholder: 'TEXT',
  fromText: (given) => given,
  toText: String,
  shown: (given) => `=${printable(given)}`,
};

/** Any text but none at all. */
export function anyText(placeholder: string) {
  const needed = 'a text is needed';
  return valueType(z.string({ error: needed }).trim().min(1, { error: needed }), { ...asWritten, placeholder });
}

export function yesOrNo() {
  const needed = 'true or false is needed';
  return valueType(z.boolean({ error: needed }), {
    ...asWritten,
    placeholder: 'true|false',
    fromText: (given) => (given === 'true' ? true : given === 'false' ? false : given),
  });
}

export function count(least: number, most = 1_000_000) {
  const error = `a whole number from ${least} to ${most} is needed`;
  return valueType(z.int({ error }).min(least, { error }).max(most, { error }), {
    ...asWritten,
    placeholder: 'N',
    fromText: (given) => (/^\d{1,7}$/.test(given) ? Number(given) : given),
  });
}

/** Seconds. A document writes one number with its unit; a variable may also say `1h30m`, or seconds without a unit. */
export function duration(least: number, most: number) {
  const error = `a duration from ${formatDuration(least)} to ${formatDuration(most)}, such as 7d, 12h or 90m, is needed`;
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
    fromText: (given) => {
      const seconds = parseDuration(given);
      return seconds === undefined ? given : `${seconds}s`;
    },
  });
}

/** In a variable, separated by commas. */
export function list(item: string) {
  const error = `a list of ${item} is needed`;
  return valueType(z.array(z.string({ error }).min(1, { error }), { error }), {
    ...asWritten,
    placeholder: 'LIST',
    fromText: (given) =>
      given
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    toText: (value) => (Array.isArray(value) ? value.join(',') : ''),
  });
}

export function oneOf<const Choice extends string>(choices: readonly Choice[], placeholder: string) {
  return valueType(z.enum(choices, { error: `one of ${choices.join(', ')} is needed` }), {
    ...asWritten,
    placeholder,
    fromText: (given) => given.toLowerCase(),
    choices,
  });
}

export function namespaceName() {
  const error = 'the name of a namespace (a-z, 0-9 and hyphens, at most 63 characters) is needed';
  const schema = z.string({ error }).regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error });
  return valueType(schema, { ...asWritten, placeholder: 'NAME' });
}

/** The address of an API that secrets are sent to: https, or loopback. */
export function endpoint() {
  const error = 'it is not a URL';
  const schema = z.string({ error }).transform((given, { issues }) => {
    const reading = readAddress(given);
    if ('url' in reading) return reading.url;
    issues.push({ code: 'custom', message: reading.why, input: given, params: { hint: reading.hint } });
    return z.NEVER;
  });
  return valueType(schema, { ...asWritten, placeholder: 'URL', shown: shownAddress });
}

/** An API server's address, for kubeconfigs: nothing is sent there. */
export function apiServer() {
  const error = 'an address such as https://pks.example.org:6443 is needed';
  const schema = z.string({ error }).transform((given, { issues }) => {
    if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return new URL(given);
    issues.push({ code: 'custom', message: error, input: given });
    return z.NEVER;
  });
  return valueType(schema, { ...asWritten, placeholder: 'URL' });
}
