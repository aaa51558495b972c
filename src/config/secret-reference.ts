/** Where a secret is, without a word of it: what settings hold in its place, until the one who sends it reads it. */
import * as z from 'zod';
import { field, type Notation } from './fields.ts';
import { anyText } from './values.ts';

export type SecretReference =
  | { readonly file: string }
  | { readonly env: string }
  | { readonly secretKeyRef: { readonly name: string; readonly key: string } };

export function secretReference() {
  return z
    .strictObject({
      file: field(anyText('FILE').optional(), { description: 'a file that holds it; read at every run' }),
      env: field(anyText('NAME').optional(), { description: 'a variable of the environment that holds it' }),
      secretKeyRef: field(
        z
          .strictObject({
            name: field(anyText('NAME'), { description: "the Secret's name" }),
            key: field(anyText('KEY'), { description: "the key of the Secret's data" }),
          })
          .optional(),
        { description: "a key of a Secret in the MemberSync's own namespace" },
      ),
    })
    .transform(({ file, env, secretKeyRef }, { issues, value }): SecretReference => {
      const given = [file, env, secretKeyRef].filter((each) => each !== undefined);
      if (given.length === 1) {
        if (file !== undefined) return { file };
        if (env !== undefined) return { env };
        if (secretKeyRef !== undefined) return { secretKeyRef };
      }
      issues.push({ code: 'custom', message: 'exactly one of file, env and secretKeyRef is needed', input: value });
      return z.NEVER;
    });
}

/** A setting that names the file of a secret. */
export const fileNotation: Notation = {
  placeholder: 'FILE',
  fromText: (file) => ({ file }),
  toText: (value) => (typeof value === 'object' && value !== null && 'file' in value ? String(value.file) : ''),
};

/** A setting whose value is the secret itself: what is kept is where it was found. */
export const variableNotation: Notation = {
  placeholder: 'URL',
  fromText: (_, env) => ({ env }),
  toText: () => '',
  shown: () => '',
};
