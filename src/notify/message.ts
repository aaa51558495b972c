/** When operators are notified of a run, and in which words. Pure. */
import type { ErrorKind } from '../lib/failure.ts';
import { onlyWaited, type RunFacts } from './run-facts.ts';

export interface Message {
  /** One line: what happened. */
  readonly title: string;
  /** Where, how many, and what to do. */
  readonly lines: readonly string[];
}

/**
 * undefined when there is nothing to report: all is well, another run is at work, or somebody stopped this one (a drain, a
 * Ctrl-C: the Job tries again, and where nothing ever succeeds the heartbeat is what is missing).
 */
export function messageFor(facts: RunFacts): Message | undefined {
  const { outcome, exitCode, renewalMargin, counts } = facts;
  const hasNoMargin = renewalMargin !== undefined && renewalMargin.seconds <= 0;
  const lines = (...whatToDo: readonly string[]) => [
    whereText(facts),
    countsText(facts),
    ...(hasNoMargin ? [renewalMargin.text] : []),
    ...whatToDo,
  ];
  switch (outcome) {
    case 'stopped':
      return undefined;
    case 'done':
      if (!hasNoMargin) return undefined;
      return {
        title:
          'done (exit code 0), but there is no renewal margin: members will be locked out before the next delivery',
        lines: lines(),
      };
    case 'partial':
      return {
        title: `partly done (exit code ${exitCode}): ${counts.undelivered} members have no fresh token${workspacesText(counts)}`,
        lines: lines(`what to do: ${readTheLog(facts)} names them and says why; run again once that is fixed`),
      };
    case 'refused':
      return {
        title: `refused (exit code ${exitCode}): what it was to do is implausible or not what was agreed to; nothing was changed, nothing was sent`,
        lines: lines(
          `what to do: look at the directory first; ${readTheLog(facts)} holds the reason and the command that allows exactly this, once`,
        ),
      };
    case 'locked':
      if (onlyWaited(facts)) return undefined;
      return {
        title: `stopped (exit code ${exitCode}), because the run lock was lost on the way`,
        lines: lines(
          `what to do: nothing if the next try succeeds; else ${readTheLog(facts)} says why the lock could not be kept`,
        ),
      };
    case 'failed':
      return { title: failureTitle(facts), lines: lines(...failureAdvice(facts)) };
  }
}

/** As one text of several lines. */
export function messageText({ title, lines }: Message): string {
  return [`credentials-updater: ${title}`, ...lines].join('\n');
}

/** By kind, because the failure's own message may name members. */
const whatFailed: Readonly<Record<ErrorKind, string>> = {
  usage: 'the configuration is wrong',
  directory: 'the directory could not be read',
  cluster: 'the Kubernetes API refused or failed',
  token: 'a token was not what it should be',
  delivery: 'the delivery did not happen or was not acknowledged',
  login: 'a login failed',
  site: "the club's site refused or failed",
  notification: 'nobody could be notified',
  refused: 'it was refused',
  lock: 'the run lock was lost',
  aborted: 'it was stopped',
  deadline: 'it took too long and was stopped',
  internal: 'it met an unexpected error, which is a bug',
};

function failureTitle({ exitCode, failure = 'internal', step, counts }: RunFacts): string {
  if (counts.delivered > 0 && counts.notRemoved > 0)
    return `failed (exit code ${exitCode}): everyone's token was delivered, but ${counts.notRemoved} leavers could not be removed and still have access`;
  return `failed (exit code ${exitCode}${step === undefined ? '' : `, step ${step}`}): ${whatFailed[failure]}`;
}

function failureAdvice(facts: RunFacts): string[] {
  const read = `what to do: ${readTheLog(facts)} says what it was and what to do`;
  if (facts.failure === 'usage') return [`${read}; trying again changes nothing`];
  const harmless = 'No delivered token was harmed: each works until its own expiry.';
  return facts.place.job === undefined
    ? [harmless, read]
    : [
        harmless,
        `${read}. The Job tries again by itself; you are notified once, however often it fails in the same way`,
      ];
}

function readTheLog({ place: { job, namespace } }: RunFacts): string {
  return job === undefined ? 'what the command printed' : `\`kubectl -n ${namespace} logs job/${job}\``;
}

function whereText({ place }: RunFacts): string {
  const { job, namespace, membersNamespace, cluster, directory } = place;
  return [
    ...(cluster === undefined ? [] : [`cluster ${cluster}`]),
    ...(directory === undefined ? [] : [`PoolC API ${directory}`]),
    `namespace ${namespace}, members in ${membersNamespace}`,
    job === undefined ? 'run by hand' : `Job ${job}`,
  ].join(' · ');
}

function workspacesText({ withoutWorkspace = 0, workspacesNotClosed = 0 }: RunFacts['counts']): string {
  const without = withoutWorkspace === 0 ? '' : `, ${withoutWorkspace} have no complete workspace`;
  return workspacesNotClosed === 0
    ? without
    : `${without}, ${workspacesNotClosed} RoleBindings of leavers are still there`;
}

function countsText({ outcome, counts }: RunFacts): string {
  const { members, toRemove, created, removed, notRemoved, delivered, undelivered } = counts;
  if (members === undefined) return 'the directory was not read';
  return [
    `${members} members`,
    `${created} created`,
    outcome === 'refused' ? `${toRemove} would have been removed` : `${removed} removed`,
    ...(notRemoved === 0 ? [] : [`${notRemoved} not removed`]),
    `${delivered} delivered`,
    `${undelivered} without a fresh token`,
  ].join(', ');
}
