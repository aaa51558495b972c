/** Members who would get a ServiceAccount name other than their login id: better known before they ask. */

import { type Finding, ok, warning } from '../../audit/finding.ts';
import { listed } from '../../audit/words.ts';
import { memberLabel } from '../../core/model.ts';
import type { PreflightContext } from '../context.ts';

const longest = 20;

export async function names({ nextSync }: PreflightContext): Promise<Finding[]> {
  const { create } = (await nextSync()).plan;
  const odd = create.filter(({ member, name }) => name !== member.login);
  if (odd.length === 0) {
    return [
      ok(
        create.length === 0
          ? 'every member has an account already'
          : `all ${create.length} newcomers get their login id as name`,
      ),
    ];
  }
  const each = odd.map(({ member, name, reason }) => `${memberLabel(member)} → ${name} (${reason})`);
  return [
    warning(
      `${odd.length} of ${create.length} newcomers get a name that isn't their login id. Theirs is shown on the site: ${listed(each, { longest })}`,
    ),
  ];
}
