/** Who has credentials, as data and as a table with the last run below it. */
import { type MemberStatus, memberStates } from '../core/member-status.ts';
import { memberLabel, printable } from '../core/model.ts';
import { durationText, formatDuration } from '../lib/duration.ts';
import { localTime } from '../lib/local-time.ts';
import { en, type Language, type Message, type Text } from '../lib/message.ts';
import { statusMessages as messages } from '../lib/messages/status.ts';
import { table, wrapLine } from '../lib/terminal-text.ts';
import type { ClubStatus } from '../operator/status.ts';
import { firstExpiry } from '../registry/last-run.ts';
import type { Style } from './style.ts';

export interface StatusPlace {
  readonly namespace: string;
  /** Why the directory could not be asked; undefined when it was. */
  readonly unavailable: Text | undefined;
}

export interface StatusLook {
  readonly style: Style;
  readonly columns: number | undefined;
  readonly wide: boolean;
  readonly language: Language;
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
    directory: unavailable === undefined ? { answered: true } : { answered: false, reason: en(unavailable) },
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
  { style, columns, wide, language }: StatusLook,
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
      member.token === undefined ? '-' : formatDuration(member.token.grantedSeconds, language),
      member.token === undefined ? '-' : untilText(member.token.expiresAt - now)[language],
      ...(wide ? wideCells(member, status, language) : []),
    ]),
    columns,
  );
  const counts = memberStates
    .map((state) => ({ state, count: status.members.filter((member) => member.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`);
  const shown =
    members.length === total
      ? messages.all({ total, namespace })
      : messages.some({ shown: members.length, total, namespace });
  const lines = [
    `${shown[language]}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`,
    ...lastRunLines(status).map((line) => line[language]),
    ...(unavailable === undefined ? [] : [messages.directoryUnavailable({ reason: unavailable })[language]]),
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

function wideCells(
  { token, createdAt, memberId }: MemberStatus,
  { lastRun, now }: ClubStatus,
  language: Language,
): string[] {
  return [
    token === undefined ? '-' : agoText(now - token.deliveredAt)[language],
    token === undefined || lastRun?.slackSeconds === undefined ? '-' : formatDuration(lastRun.slackSeconds, language),
    createdAt === undefined ? '-' : localTime(createdAt),
    memberId,
  ];
}

function lastRunLines({ lastRun, lockHolder, lockTakenSince, now }: ClubStatus): Message[] {
  const lines: Message[] = [];
  if (lastRun === undefined) {
    lines.push(messages.neverDelivered());
  } else {
    const at = Date.parse(lastRun.acknowledgedAt);
    lines.push(
      messages.lastRun({
        at: localTime(at),
        ago: agoText(now - at),
        delivered: lastRun.delivered,
        without: lastRun.undelivered,
        took: durationText(lastRun.runSeconds),
      }),
    );
    const first = firstExpiry(lastRun);
    if (first !== undefined) {
      const expiry = Date.parse(first);
      const when = expiry <= now ? agoText(now - expiry) : messages.in({ time: untilText(expiry - now) });
      lines.push(messages.tokensExpire({ at: localTime(expiry), when }));
    }
    lines.push(messages.margin({ margin: marginText(lastRun.slackSeconds) }));
  }
  if (lockHolder !== undefined) {
    const since = lockHolder.since === undefined ? undefined : printable(lockHolder.since);
    lines.push(messages.runUnderWay({ holder: printable(lockHolder.name), since }));
  } else if (lockTakenSince !== undefined)
    lines.push(messages.lockTakenSince({ at: localTime(Date.parse(lockTakenSince)) }));
  return lines;
}

function marginText(seconds: number | undefined): Message {
  if (seconds === undefined) return messages.marginUnknown();
  if (seconds > 0) return durationText(seconds);
  return messages.noMargin({ gap: durationText(-seconds) });
}

function untilText(ms: number): Message {
  return ms <= 0 ? messages.expired() : durationText(Math.floor(ms / 1_000));
}

export function agoText(ms: number): Message {
  return messages.ago({ time: durationText(Math.max(0, Math.round(ms / 1_000))) });
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
