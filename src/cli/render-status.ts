/** Who has credentials, as data and as a table with the last run below it. */
import { type MemberStatus, memberStates } from '../core/member-status.ts';
import { memberLabel, printable } from '../core/model.ts';
import { formatDuration } from '../lib/duration.ts';
import { localTime } from '../lib/local-time.ts';
import { table, wrapLine } from '../lib/terminal-text.ts';
import type { ClubStatus } from '../operator/status.ts';
import { firstExpiry } from '../registry/last-run.ts';
import type { Style } from './style.ts';

export interface StatusPlace {
  readonly namespace: string;
  /** Why the directory could not be asked; undefined when it was. */
  readonly unavailable: string | undefined;
}

export interface StatusLook {
  readonly style: Style;
  readonly columns: number | undefined;
  readonly wide: boolean;
}

/** How a member is called: by the directory, else by their account, else by the UUID. */
export function loginOf({ memberId, login, account }: MemberStatus): string {
  return login === undefined ? (account ?? memberId) : memberLabel({ id: memberId, login });
}

/** For machines: times in ISO 8601, durations in seconds, `null` for what isn't known. */
export function statusData(status: ClubStatus, { namespace, unavailable }: StatusPlace) {
  const { lastRun, now } = status;
  const secondsUntil = (time: number) => Math.round((time - now) / 1_000);
  const { undeliveredUuids: _uuids, lockAcquireTime: _lock, ...summary } = lastRun ?? { undeliveredUuids: [] };
  return {
    namespace,
    time: isoTime(now),
    directory: unavailable === undefined ? { answered: true } : { answered: false, reason: unavailable },
    lastRun:
      lastRun === undefined ? null : { ...summary, secondsAgo: -secondsUntil(Date.parse(lastRun.acknowledgedAt)) },
    runLock:
      status.lockHolder === undefined ? null : { holder: status.lockHolder.name, since: status.lockHolder.since },
    members: status.members.map(({ memberId, login, account, createdAt, state, token }) => ({
      loginId: login ?? null,
      uuid: memberId,
      account: account ?? null,
      state,
      createdAt: isoTime(createdAt),
      deliveredAt: isoTime(token?.deliveredAt),
      grantedSeconds: token?.grantedSeconds ?? null,
      expiresAt: isoTime(token?.expiresAt),
      expiresInSeconds: token === undefined ? null : secondsUntil(token.expiresAt),
    })),
  };
}

export function renderStatus(
  status: ClubStatus,
  { of: total, namespace, unavailable }: StatusPlace & { readonly of: number },
  { style, columns, wide }: StatusLook,
): string {
  const { members, now } = status;
  const [heading = '', ...rows] = table(
    [
      'LOGIN',
      'SERVICEACCOUNT',
      'STATE',
      'GRANTED',
      'EXPIRES IN',
      ...(wide ? ['LAST RUN', 'MARGIN', 'CREATED', 'UUID'] : []),
    ],
    members.map((member) => [
      loginOf(member),
      member.account ?? '-',
      style(colours[member.state], member.state),
      member.token === undefined ? '-' : formatDuration(member.token.grantedSeconds),
      member.token === undefined ? '-' : untilText(member.token.expiresAt - now),
      ...(wide ? wideCells(member, status) : []),
    ]),
    columns,
  );
  const counts = memberStates
    .map((state) => ({ state, count: status.members.filter((member) => member.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`);
  const shown = members.length === total ? `${total} in ${namespace}` : `${members.length} of ${total} in ${namespace}`;
  const lines = [
    `${shown}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`,
    ...lastRunLines(status),
    ...(unavailable === undefined
      ? []
      : [`login ids are those of the accounts, since the directory could not be asked: ${unavailable}`]),
  ].map((line) => wrapLine(line, columns, 2));
  return `${[...(rows.length === 0 ? [] : [style('bold', heading), ...rows, '']), ...lines].join('\n')}\n`;
}

const colours: Readonly<Record<MemberStatus['state'], Parameters<Style>[0]>> = {
  ok: 'green',
  expired: 'red',
  undelivered: 'red',
  leaving: 'yellow',
  new: 'yellow',
  missing: 'yellow',
  surplus: 'yellow',
  held: 'cyan',
};

function wideCells({ token, createdAt, memberId }: MemberStatus, { lastRun, now }: ClubStatus): string[] {
  return [
    token === undefined ? '-' : agoText(now - token.deliveredAt),
    token === undefined || lastRun?.slackSeconds === undefined ? '-' : formatDuration(lastRun.slackSeconds),
    createdAt === undefined ? '-' : localTime(createdAt),
    memberId,
  ];
}

function lastRunLines({ lastRun, lockHolder, lockTakenSince, now }: ClubStatus): string[] {
  const lines: string[] = [];
  if (lastRun === undefined) {
    lines.push('last run: no delivery was ever acknowledged');
  } else {
    const at = Date.parse(lastRun.acknowledgedAt);
    const without = lastRun.undelivered === 0 ? '' : `, ${lastRun.undelivered} left without a fresh token`;
    lines.push(
      `last run: ${localTime(at)}, ${agoText(now - at)}; ${lastRun.delivered} tokens delivered${without}, in ${formatDuration(lastRun.runSeconds)}`,
    );
    const first = firstExpiry(lastRun);
    if (first !== undefined) {
      const expiry = Date.parse(first);
      lines.push(
        `tokens expire: ${localTime(expiry)}, ${expiry <= now ? agoText(now - expiry) : `in ${untilText(expiry - now)}`}`,
      );
    }
    lines.push(`renewal margin: ${marginText(lastRun.slackSeconds)}`);
  }
  if (lockHolder !== undefined)
    lines.push(
      `a run is under way, or was killed: ${printable(lockHolder.name)} has held the run lock since ${printable(lockHolder.since ?? 'an unknown time')}`,
    );
  else if (lockTakenSince !== undefined)
    lines.push(
      `since then, at ${localTime(Date.parse(lockTakenSince))}, a run delivered nothing, or someone ran revoke or reserve: look at the Jobs`,
    );
  return lines;
}

function marginText(seconds: number | undefined): string {
  if (seconds === undefined) return 'unknown, because no SCHEDULE is known';
  if (seconds > 0) return formatDuration(seconds);
  return `none: members are locked out for ${formatDuration(-seconds)} before each delivery`;
}

function untilText(ms: number): string {
  return ms <= 0 ? 'expired' : formatDuration(Math.floor(ms / 1_000));
}

export function agoText(ms: number): string {
  return `${formatDuration(Math.max(0, Math.round(ms / 1_000)))} ago`;
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
