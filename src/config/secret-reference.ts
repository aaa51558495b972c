/** Where a secret is, without a word of it: what settings hold in its place, until the one who sends it reads it. */
import * as z from 'zod';
import { valueMessages } from '../lib/messages/settings.ts';
import { field, type Notation, object } from './fields.ts';
import { anyText, variableName } from './values.ts';
import { customIssue } from './words.ts';

export interface KeyReference {
  readonly name: string;
  readonly key: string;
}

export type SecretReference =
  | { readonly file: string }
  | { readonly env: string }
  | { readonly secretKeyRef: KeyReference };
/** Of a certificate authority, which is no secret. */
export type CertificateReference = SecretReference | { readonly configMapKeyRef: KeyReference };

const fromOwnMachine = {
  file: field(anyText('FILE').optional(), { description: 'a file that holds it; read at every run', only: 'command' }),
  env: field(variableName().optional(), {
    description: 'the variable of the environment that holds it',
    only: 'command',
  }),
};

/** A key of a Secret or a ConfigMap in the MemberSync's own namespace. */
export function keyReference(of: 'Secret' | 'ConfigMap') {
  const reference = object({
    name: field(anyText('NAME'), { description: `name of the ${of}` }),
    key: field(anyText('KEY'), { description: 'key of its data' }),
  });
  const description = `a key of a ${of} in the MemberSync's namespace`;
  return field(reference.optional(), { description, only: 'controller' });
}

export function secretReference() {
  return object({ ...fromOwnMachine, secretKeyRef: keyReference('Secret') }).transform(
    ({ file, env, secretKeyRef }, { issues, value }): SecretReference => {
      if (onlyOne({ file, env, secretKeyRef })) {
        if (file !== undefined) return { file };
        if (env !== undefined) return { env };
        if (secretKeyRef !== undefined) return { secretKeyRef };
      }
      issues.push(customIssue(valueMessages.exactlyOne({ first: 'file, env', last: 'secretKeyRef' }), value));
      return z.NEVER;
    },
  );
}

export function certificateReference() {
  const shape = { ...fromOwnMachine, secretKeyRef: keyReference('Secret'), configMapKeyRef: keyReference('ConfigMap') };
  return object(shape).transform(
    ({ file, env, secretKeyRef, configMapKeyRef }, { issues, value }): CertificateReference => {
      if (onlyOne({ file, env, secretKeyRef, configMapKeyRef })) {
        if (file !== undefined) return { file };
        if (env !== undefined) return { env };
        if (secretKeyRef !== undefined) return { secretKeyRef };
        if (configMapKeyRef !== undefined) return { configMapKeyRef };
      }
      const names = { first: 'file, env, secretKeyRef', last: 'configMapKeyRef' };
      issues.push(customIssue(valueMessages.exactlyOne(names), value));
      return z.NEVER;
    },
  );
}

/** Whether one of the values is given, and no other. */
export function onlyOne(values: object): boolean {
  return Object.values(values).filter((value) => value !== undefined).length === 1;
}

/** A setting that names the file of a secret. */
export const fileNotation: Notation = {
  placeholder: 'FILE',
  type: 'secret',
  fromText: (file) => ({ file }),
  toText: (value) => (typeof value === 'object' && value !== null && 'file' in value ? String(value.file) : ''),
};

/** A setting whose value is the secret itself: what is kept is where it was found. */
export const variableNotation: Notation = {
  placeholder: 'URL',
  type: 'secret',
  fromText: (_, env) => ({ env }),
  toText: () => '',
  shown: () => '',
};
