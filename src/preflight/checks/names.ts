/** Members who would get a ServiceAccount name other than their login id: better known before they ask. */

import { type Finding, ok, warning } from '../../audit/finding.ts';
import { listed } from '../../audit/words.ts';
import { memberLabel } from '../../core/model.ts';
import { inEach } from '../../lib/message.ts';
import { nameMessages as messages } from '../../lib/messages/preflight-cluster.ts';
import type { PreflightContext } from '../context.ts';

const longest = 20;

export async function names({ nextSync }: PreflightContext): Promise<Finding[]> {
  const { create } = (await nextSync()).plan;
  const odd = create.filter(({ member, name }) => name !== member.login);
  if (odd.length === 0) {
    return [ok(create.length === 0 ? messages.noNewcomers() : messages.asLogin({ newcomers: create.length }))];
  }
  const each = odd.map(({ member, name, reason }) =>
    inEach((language) => `${memberLabel(member)} → ${name} (${reason[language]})`),
  );
  const counts = { odd: odd.length, newcomers: create.length };
  return [warning(messages.otherNames({ ...counts, names: listed(each, { longest }) }))];
}
