/**
 * A proxy before an LDAP server that makes things go wrong on cue, message by message (RFC 4511). Without TLS: what passes
 * must be readable here.
 */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startListener } from './listener.ts';

export type LdapFault =
  /** The connection is reset, and for a while nothing listens. The server never sees the request. */
  | { readonly kind: 'refuse'; readonly forMs: number }
  /** The connection is reset before the server sees the request. */
  | { readonly kind: 'reset' }
  /** The server sees the request this much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** A result with this code; the server never sees the request. */
  | { readonly kind: 'result'; readonly code: number }
  /** A page of HTML, as whatever else listens on that port may answer. */
  | { readonly kind: 'page' }
  /** Half of the answer arrives, then the connection is reset. */
  | { readonly kind: 'truncate' }
  /** The answer arrives in pieces over this time. */
  | { readonly kind: 'drip'; readonly overMs: number }
  /** The server answers; in place of the answer the connection is reset. */
  | { readonly kind: 'commit-then-drop' };

export interface LdapRequest {
  readonly operation: 'bind' | 'search' | 'unbind' | 'other';
  /** Every text in it can be found here. */
  readonly bytes: Buffer;
}

export interface LdapFaultProxy extends AsyncDisposable {
  /** `ldap://127.0.0.1:port` */
  readonly url: URL;
  /** Does it to the nth request from now on that matches. @returns how often it happened */
  addFault(when: (request: LdapRequest) => boolean, fault: LdapFault, nth?: number): { readonly hits: number };
  clearFaults(): void;
}

interface Rule {
  readonly when: (request: LdapRequest) => boolean;
  readonly fault: LdapFault;
  readonly nth: number | undefined;
  matched: number;
  hits: number;
}

/** Tags of RFC 4511's protocol operations. */
const operations: Readonly<Record<number, LdapRequest['operation']>> = { 0x60: 'bind', 0x63: 'search', 0x42: 'unbind' };
const resultTags: Readonly<Record<LdapRequest['operation'], number>> = {
  bind: 0x61,
  search: 0x65,
  unbind: 0x78,
  other: 0x78,
};
const resultTagBytes: ReadonlySet<number> = new Set(Object.values(resultTags));
const page = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html><title>Log in</title>\n');

/** @param upstream `ldap://host:port` */
export async function startLdapFaultProxy(upstream: URL): Promise<LdapFaultProxy> {
  let rules: Rule[] = [];
  const listener = await startListener((client) => serve(client));

  function faultFor(request: LdapRequest): LdapFault | undefined {
    for (const rule of rules) {
      if (!rule.when(request)) continue;
      rule.matched += 1;
      if (rule.nth !== undefined && rule.matched !== rule.nth) continue;
      rule.hits += 1;
      return rule.fault;
    }
    return undefined;
  }

  function serve(client: net.Socket): void {
    const target = net.connect(Number(upstream.port), upstream.hostname);
    listener.track(target);
    client.once('close', () => target.destroy());
    target.once('close', () => client.destroy());
    /** What is done to the answer that is on its way. */
    let toAnswer: LdapFault | undefined;
    let answer: Buffer[] = [];
    // One after the other: a delayed request must not be overtaken.
    let before = Promise.resolve();

    const pass = async (bytes: Buffer): Promise<void> => {
      const request = { operation: operations[tagOf(bytes)] ?? 'other', bytes } as const;
      const fault = faultFor(request);
      switch (fault?.kind) {
        case 'refuse':
          return listener.refuse(fault.forMs);
        case 'reset':
          client.resetAndDestroy();
          return;
        case 'result':
          client.write(resultOf(bytes, resultTags[request.operation], fault.code));
          return;
        case 'page':
          client.end(page);
          return;
        case 'delay':
          await sleep(fault.ms);
          break;
        case 'truncate':
        case 'drip':
        case 'commit-then-drop':
        case undefined:
          toAnswer = fault;
      }
      target.write(bytes);
    };
    const giveBack = async (bytes: Buffer): Promise<void> => {
      if (toAnswer === undefined) {
        client.write(bytes);
        return;
      }
      answer.push(bytes);
      if (!resultTagBytes.has(tagOf(bytes))) return;
      const [fault, whole] = [toAnswer, Buffer.concat(answer)];
      toAnswer = undefined;
      answer = [];
      if (fault.kind === 'drip') {
        const size = Math.ceil(whole.length / 10);
        for (let from = 0; from < whole.length; from += size) {
          client.write(whole.subarray(from, from + size));
          await sleep(fault.overMs / 10);
        }
      } else if (fault.kind === 'truncate') {
        client.write(whole.subarray(0, Math.floor(whole.length / 2)), () =>
          setImmediate(() => client.resetAndDestroy()),
        );
      } else client.resetAndDestroy();
    };
    const stop = (): void => void client.destroy();
    client.on(
      'data',
      messages((bytes) => {
        before = before.then(() => pass(bytes)).catch(stop);
      }),
    );
    let answered = Promise.resolve();
    target.on(
      'data',
      messages((bytes) => {
        answered = answered.then(() => giveBack(bytes)).catch(stop);
      }),
    );
  }

  return {
    url: new URL(`ldap://127.0.0.1:${listener.port}`),
    addFault(when, fault, nth) {
      const rule: Rule = { when, fault, nth, matched: 0, hits: 0 };
      rules.push(rule);
      return rule;
    },
    clearFaults: () => void (rules = []),
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

/** Cuts a stream into whole messages: each is a BER sequence that says how long it is. */
function messages(take: (message: Buffer) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (data) => {
    rest = Buffer.concat([rest, data]);
    for (let length = lengthOf(rest); length !== undefined && rest.length >= length; length = lengthOf(rest)) {
      take(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  };
}

/** Of the element that begins here, head included; undefined where its head isn't whole. */
function lengthOf(bytes: Buffer): number | undefined {
  const head = headOf(bytes);
  return head === undefined ? undefined : head.size + head.content;
}

function headOf(bytes: Buffer): { readonly size: number; readonly content: number } | undefined {
  const first = bytes[1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { size: 2, content: first };
  const count = first & 0x7f;
  return bytes.length < 2 + count ? undefined : { size: 2 + count, content: bytes.readUIntBE(2, count) };
}

/** The message's number, as it is written, and the tag of its operation. */
function partsOf(message: Buffer): { readonly id: Buffer; readonly tag: number } {
  const from = headOf(message)?.size ?? 0;
  const id = message.subarray(from, from + (lengthOf(message.subarray(from)) ?? 0));
  return { id, tag: message[from + id.length] ?? 0 };
}

function tagOf(message: Buffer): number {
  return partsOf(message).tag;
}

/** LDAPResult: the code, no matched DN, no message. */
function resultOf(request: Buffer, tag: number, code: number): Buffer {
  const content = Buffer.concat([partsOf(request).id, Buffer.from([tag, 7, 0x0a, 1, code, 4, 0, 4, 0])]);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}
