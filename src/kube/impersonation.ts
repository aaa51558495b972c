/** As whom to act, where our own identity may: the `as…` fields of a kubeconfig's user, as headers. */
import * as z from 'zod';

export const impersonationSchema = z.object({
  as: z.string().nullish(),
  'as-uid': z.string().nullish(),
  'as-groups': z.array(z.string()).nullish(),
  'as-user-extra': z.record(z.string(), z.array(z.string()).nullish()).nullish(),
});
type Impersonation = z.infer<typeof impersonationSchema>;

/** The fields besides `as` that say something; they say nothing without it. */
export function detailsOf(user: Impersonation): string[] {
  return (['as-uid', 'as-groups', 'as-user-extra'] as const).filter((field) => {
    const value = user[field];
    return typeof value === 'string' ? value !== '' : Object.keys(value ?? {}).length > 0;
  });
}

/** Names and values in turn; none where nobody is named. */
export function impersonationHeaders(user: Impersonation): string[] {
  if (!user.as) return [];
  const extra = Object.entries(user['as-user-extra'] ?? {});
  return [
    ...header('impersonate-user', user.as),
    ...(user['as-uid'] ? header('impersonate-uid', user['as-uid']) : []),
    ...(user['as-groups'] ?? []).flatMap((group) => header('impersonate-group', group)),
    ...extra.flatMap(([key, values]) =>
      (values ?? []).flatMap((value) => header(`impersonate-extra-${escapeName(key)}`, value)),
    ),
  ];
}

/** A header's value is bytes: those of the text in UTF-8, as kubectl sends them. */
export function header(name: string, value: string): [string, string] {
  return [name, Buffer.from(value, 'utf8').toString('latin1')];
}

/** What a header's name can't hold as %XX, which the API server reads back. */
function escapeName(key: string): string {
  const escaped = [...Buffer.from(key, 'utf8')].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[!#$&'*+.^_`|~0-9A-Za-z-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return escaped.join('');
}
