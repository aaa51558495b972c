/** A club whose runs reach both servers through proxies that can make things go wrong. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { createCertificateAuthority, writeSecret } from '../../dev/control-plane/certificates.ts';
import { renderKubeconfig } from '../../dev/control-plane/cluster-access.ts';
import {
  type Answer,
  type Fault,
  type FaultProxy,
  type FaultRule,
  type SeenRequest,
  startFaultProxy,
} from '../../dev/fault-proxy/index.ts';
import type { Club } from '../club.ts';
import type { CommandOptions, CommandResult } from '../command.ts';
import { findLeaks } from '../leaks.ts';
import { isPoolcStep, stepOf, type WireStep } from './steps.ts';

/** A moment of a run: a request has arrived at a proxy, or its answer is about to go back. */
export interface Moment {
  readonly step: WireStep;
  readonly at: 'request' | 'answer';
}

export interface Wire {
  readonly cluster: FaultProxy;
  readonly poolc: FaultProxy;
  readonly env: Readonly<Record<string, string>>;
  /** The steps of every request so far, in the order of their arrival. */
  readonly steps: readonly WireStep[];
  /** Runs the command over this wire, at the log level debug. */
  run(args?: readonly string[], options?: Omit<CommandOptions, 'secrets' | 'traces'>): Promise<CommandResult>;
  /** Does it to the nth request of a step (to each of them where no n is given), counted over all runs from now on. */
  addFault(step: WireStep, fault: Fault, nth?: number): FaultRule;
  clearFaults(): void;
  /** Told of every moment from now on; undefined ends it. */
  watch(listener: ((moment: Moment) => void) | undefined): void;
}

/** What a run does next once it knows its plan. */
const firstChanges: ReadonlySet<WireStep> = new Set([
  'record names',
  'remove an account',
  'create an account',
  'fetch the keys',
]);

/** For a run that will be killed or stopped: the next one waits for the end of its lock. */
export const shortLock = { LOCK_DURATION: '3s' };

/** Call it in a test. Each wire has proxies of its own: of two runs on two wires one sees which one asked. */
export async function openWire(club: Club): Promise<Wire> {
  const { cluster, api, account, secrets } = club;
  const authority = await createCertificateAuthority('the wire');
  const certificate = await authority.issue({ commonName: 'fault-proxy', hosts: ['127.0.0.1'] });
  const steps: WireStep[] = [];
  let listener: ((moment: Moment) => void) | undefined;
  let lockTaken = false;
  let beforeChanges = false;
  let unknown: unknown;
  const seen = new WeakMap<SeenRequest, WireStep>();

  const stepOfSeen = (request: SeenRequest): WireStep => {
    const known = seen.get(request);
    if (known !== undefined) return known;
    try {
      const step = stepOf(request, { lockTaken, beforeChanges });
      seen.set(request, step);
      return step;
    } catch (error) {
      unknown ??= error;
      throw error;
    }
  };
  const onRequest = (request: SeenRequest): void => {
    const step = stepOfSeen(request);
    steps.push(step);
    if (step === 'list the accounts') beforeChanges = true;
    if (firstChanges.has(step)) beforeChanges = false;
    listener?.({ step, at: 'request' });
  };
  const onAnswer = (answer: Answer, request: SeenRequest): void => {
    const step = stepOfSeen(request);
    if (step === 'take the lock' && answer.status < 300) lockTaken = true;
    if (step === 'release the lock') lockTaken = false;
    if (step === 'mint a token') recordToken(answer, secrets);
    listener?.({ step, at: 'answer' });
  };
  const start = async (upstream: { url: string; certificateAuthority?: string }): Promise<FaultProxy> => {
    const proxy = await startFaultProxy({ upstream, tls: certificate, onRequest, onAnswer });
    onTestFinished(() => proxy.close());
    return proxy;
  };
  const clusterProxy = await start({ url: cluster.server, certificateAuthority: cluster.certificateAuthority });
  const poolcProxy = await start({ url: api.url });

  const file = (name: string, content: string): string =>
    writeSecret(join(cluster.directory, `${name}-${randomBytes(6).toString('hex')}`), content);
  const env = {
    ...club.env,
    KUBECONFIG: file('wire.kubeconfig', await renderKubeconfig(clusterProxy.url, authority, { token: account.token })),
    POOLC_API_ENDPOINT: poolcProxy.url,
    NODE_EXTRA_CA_CERTS: file('wire.crt', authority.certificate),
    LOG_LEVEL: 'debug',
  };
  return {
    cluster: clusterProxy,
    poolc: poolcProxy,
    env,
    steps,
    async run(args = ['sync'], options = {}) {
      lockTaken = false;
      beforeChanges = false;
      const asked = clusterProxy.requests.length;
      const result = await club.run(args, { ...options, env: { ...env, ...options.env } });
      if (unknown !== undefined) throw unknown;
      expectNoLeaks(clusterProxy.requests.slice(asked), secrets);
      return result;
    },
    addFault: (step, fault, nth) =>
      (isPoolcStep(step) ? poolcProxy : clusterProxy).addFault(
        { when: (request) => stepOfSeen(request) === step, ...(nth === undefined ? {} : { nth }) },
        fault,
      ),
    clearFaults() {
      clusterProxy.clearFaults();
      poolcProxy.clearFaults();
    },
    watch(next) {
      listener = next;
    },
  };
}

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });

/** Every token that was ever minted, delivered or not. */
function recordToken({ status, body }: Answer, secrets: Set<string>): void {
  if (status === 201) secrets.add(tokenAnswer.parse(JSON.parse(body.toString())).status.token);
}

/** Also what was on the cluster for a moment only, such as the holder of the lock. */
function expectNoLeaks(requests: readonly SeenRequest[], secrets: ReadonlySet<string>): void {
  const sent = requests.map(({ path, body }) => `${path}\n${body.toString('latin1')}`).join('\n');
  const leaks = findLeaks(sent, secrets);
  if (leaks.length > 0) throw new Error(`The command sent secrets to the cluster: ${leaks.join(', ')}`);
}
