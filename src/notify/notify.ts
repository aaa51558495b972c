/**
 * Notifies operators of a run: a message where something is wrong, a heartbeat where all is well, metrics in both cases.
 * All at once, within a few seconds, and whatever goes wrong in it is a warning: the run's result stands already.
 */

import { exchange, type HttpExchange } from '../http/exchange.ts';
import type { ProxyVariables } from '../http/proxy.ts';
import { isTransientStatus, withRetry } from '../http/retry.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import type { Redactor } from '../lib/redact.ts';
import type { ChannelName, Channels } from './channels.ts';
import type { Message } from './message.ts';
import { exposition, pushUrl } from './metrics.ts';
import { onlyWaited, type RunFacts } from './run-facts.ts';
import { webhookBody, webhookForm } from './webhook.ts';

export interface NotifyContext {
  readonly channels: Channels;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly userAgent: string;
  readonly proxyEnv: ProxyVariables;
  /** Aborted when the program is to end: then nobody is notified any more. */
  readonly signal: AbortSignal;
}

/** For all channels together, attempts and waits included. */
const patienceSeconds = 5;
const policy = { budgetMs: 3_000, firstWaitMs: 300, longestWaitMs: 1_000 };

/**
 * Never throws.
 * @param message undefined when there is nothing to say in words
 * @returns whether the message was taken
 */
export async function notify(context: NotifyContext, facts: RunFacts, message: Message | undefined): Promise<boolean> {
  const { addresses } = context.channels;
  const soon = AbortSignal.any([context.signal, AbortSignal.timeout(patienceSeconds * 1_000)]);
  const send = async (name: ChannelName, request: (url: URL) => Sent): Promise<boolean> => {
    const address = addresses[name];
    if (address === undefined) return false;
    try {
      await deliverTo(context, name, request(new URL(address.reveal())), soon);
      return true;
    } catch (error) {
      context.log.warn(whyNot(context, name, error, soon));
      return false;
    }
  };
  const [notified = false] = await Promise.all([
    message === undefined ? undefined : send('NOTIFY_URL', (url) => webhookRequest(url, message, facts)),
    facts.exitCode === 0 ? send('HEARTBEAT_URL', (url) => ({ method: 'GET', url })) : undefined,
    // Who only waited, or was stopped, knows less than what is there already.
    onlyWaited(facts) || facts.outcome === 'stopped'
      ? undefined
      : send('PUSHGATEWAY_URL', (url) => pushRequest(url, facts)),
  ]);
  return notified;
}

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly contentType?: string;
  readonly text?: string;
}

function webhookRequest(url: URL, message: Message, facts: RunFacts): Sent {
  const body = webhookBody(webhookForm(url), message, facts);
  return { method: 'POST', url, contentType: 'application/json', text: JSON.stringify(body) };
}

/** POST, never PUT: PUT would take away the last success, and all else that this run has nothing to say about. */
function pushRequest(pushgateway: URL, facts: RunFacts): Sent {
  const url = pushUrl(pushgateway, facts);
  return { method: 'POST', url, contentType: 'text/plain; version=0.0.4; charset=utf-8', text: exposition(facts) };
}

const longestAnswer = 1024 * 1024;

async function deliverTo(context: NotifyContext, name: ChannelName, sent: Sent, signal: AbortSignal): Promise<void> {
  const { clock, random, redactor, userAgent, proxyEnv } = context;
  const body = sent.text === undefined ? undefined : Buffer.from(redactor.redact(sent.text));
  const request: HttpExchange = {
    method: sent.method,
    url: sent.url,
    headers: {
      'user-agent': userAgent,
      ...(sent.contentType === undefined ? {} : { 'content-type': sent.contentType }),
    },
    ...(body === undefined ? {} : { body: { length: body.length, chunks: () => [body] } }),
    timeoutMs: patienceSeconds * 1_000,
    longestAnswer,
    signal,
    proxyEnv,
    kind: 'notification',
    // Never its host: of some webhooks that is the secret part.
    peer: `the server of ${name}`,
    addressHint: `is ${name} right, and does the network let this host reach it?`,
  };
  await withRetry(
    async () => {
      const { status } = await exchange(request);
      if (status >= 200 && status < 300) return;
      const what = status >= 300 && status < 400 ? `${status}, a redirect, which is not followed` : String(status);
      throw new Failure('notification', `the server of ${name} answered with ${what}`, {
        status,
        transient: isTransientStatus(status),
      });
    },
    { clock, random, signal, policy },
  );
}

const whatIsNotDone: Readonly<Record<ChannelName, string>> = {
  NOTIFY_URL: 'nobody was notified of this run',
  HEARTBEAT_URL: 'the heartbeat of this run was not sent',
  PUSHGATEWAY_URL: 'the metrics of this run were not pushed',
};

function whyNot({ signal }: NotifyContext, name: ChannelName, error: unknown, soon: AbortSignal): string {
  const why = signal.aborted
    ? 'the program is to end'
    : soon.aborted
      ? `no answer within ${patienceSeconds} s`
      : toFailure(error).message;
  return `${whatIsNotDone[name]} (${name}): ${why}; its result stands`;
}
