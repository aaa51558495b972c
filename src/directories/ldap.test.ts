/** LDAP servers that answer as few do, though the protocol allows it: written byte by byte. */
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { ldapDirectory } from './ldap.ts';

const field = (tag: number, ...content: readonly (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(content.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 0xff]), body]);
};
const integer = (value: number) => Buffer.from([0x02, 0x01, value]);
const attribute = (name: string, value: string) => field(0x30, field(0x04, name), field(0x31, field(0x04, value)));
const entry = (uid: string) =>
  field(
    0x64,
    field(0x04, `uid=${uid},dc=example`),
    field(0x30, attribute('uid', uid), attribute('entryUUID', `id-${uid}`)),
  );
const searchDone = field(0x65, Buffer.from([0x0a, 0x01, 0x00]), field(0x04), field(0x04));
const pagedControl = (cookie: string) =>
  field(
    0xa0,
    field(0x30, field(0x04, '1.2.840.113556.1.4.319'), field(0x04, field(0x30, integer(0), field(0x04, cookie)))),
  );

/** Pages as the server gives them, one for each search request, from the start on each connection. */
async function useServer(pagesFor: (pageSize: number) => readonly (readonly string[])[]) {
  const server = createServer((socket: Socket) => {
    let page = 0;
    socket.on('error', () => undefined);
    socket.on('data', (request: Buffer) => {
      const [, length = 0] = request;
      const start = length < 0x80 ? 2 : 2 + (length & 0x7f);
      const [, , messageId = 0, operation] = request.subarray(start);
      if (operation !== 0x63) return;
      // The size is the integer at the beginning of the control's value, right before the cookie.
      const at = request.lastIndexOf('1.2.840.113556.1.4.319') + 22;
      const value = request.subarray(request.indexOf(0x30, at));
      const pageSize = value.readUIntBE(4, value[3] ?? 1);
      const hasCookie = (value[5 + (value[3] ?? 1)] ?? 0) > 0;
      page = hasCookie ? page + 1 : 0;
      const pages = pagesFor(pageSize);
      const message = (...parts: readonly Buffer[]) => field(0x30, integer(messageId), ...parts);
      socket.write(
        Buffer.concat([
          ...(pages[page] ?? []).map((uid) => message(entry(uid))),
          message(searchDone, pagedControl(page + 1 < pages.length ? 'more' : '')),
        ]),
      );
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => void server.close());
  const address = server.address();
  return ldapDirectory(
    {
      url: new URL(`ldap://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`),
      startTLS: false,
      base: 'dc=example',
      filter: '(objectClass=person)',
      id: 'entryUUID',
      login: 'uid',
      groups: [],
      nestedGroups: true,
    },
    { clock: systemClock, random: Math.random },
  );
}

const signal = () => AbortSignal.timeout(10_000);

test('an empty page with more behind it is a failure, not the end of the list', async () => {
  const directory = await useServer(() => [['kim'], [], ['lee']]);
  await expect(directory.members({ signal: signal() })).rejects.toThrow(/an empty page/);
});

test('an empty page at the very end, after a full one, is the end', async () => {
  const directory = await useServer((pageSize) => (pageSize === 500 ? [['kim', 'lee'], []] : [['kim', 'lee']]));
  expect((await directory.members({ signal: signal() })).map(({ login }) => login)).toEqual(['kim', 'lee']);
});

test('two people whose names differ by case alone are a failure, not one person', async () => {
  const directory = await useServer(() => [['kim', 'Kim']]);
  await expect(directory.members({ signal: signal() })).rejects.toThrow(/two entries of the name/);
});
