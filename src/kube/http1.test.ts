/** The parser against what Node's own server really sends, cut at every byte, and against what no server may send. */
import { createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type HttpResponse, MalformedResponse, ResponseParser } from './http1.ts';

const longest = 1024 * 1024;

/** The bytes that Node's server answers with. */
async function answerBytes(handler: Parameters<typeof createServer>[1]): Promise<Buffer> {
  const server = createServer({}, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () =>
        socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'),
      );
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => resolve(Buffer.concat(chunks)));
      socket.on('error', reject);
    });
  } finally {
    server.close();
  }
}

/** Parses pieces as a connection would give them: in a buffer that is written over after each push. */
function parsePieces(pieces: readonly Buffer[]): HttpResponse | undefined {
  const parser = new ResponseParser(longest);
  const reused = Buffer.allocUnsafeSlow(64 * 1024);
  let response: HttpResponse | undefined;
  for (const piece of pieces) {
    piece.copy(reused);
    response = parser.push(reused.subarray(0, piece.length)) ?? response;
    reused.fill('X');
  }
  return response ?? parser.end();
}

const parseText = (text: string) => parsePieces([Buffer.from(text, 'utf8')]);

describe('a response, cut at every byte', () => {
  const body = JSON.stringify({ kind: 'TokenRequest', login: '풀씨', filler: 'x'.repeat(200) });
  const cases: [string, Parameters<typeof createServer>[1]][] = [
    [
      'with a content length',
      (_, response) => response.writeHead(201, { 'content-length': Buffer.byteLength(body) }).end(body),
    ],
    [
      'in chunks',
      (_, response) => {
        response.writeHead(201);
        response.write(body.slice(0, 20));
        response.write(body.slice(20, 21));
        response.end(body.slice(21));
      },
    ],
    [
      'in chunks, with trailers and an interim response',
      (_, response) => {
        response.writeEarlyHints({ link: '</a>; rel=preload' });
        response.writeHead(201, { trailer: 'x-sum' });
        response.write(body);
        response.addTrailers({ 'x-sum': '1' });
        response.end();
      },
    ],
  ];
  for (const [what, handler] of cases) {
    it(`is read whole ${what}`, async () => {
      const bytes = await answerBytes(handler);
      for (let cut = 1; cut < bytes.length; cut++) {
        const response = parsePieces([bytes.subarray(0, cut), bytes.subarray(cut)]);
        expect(response?.status).toBe(201);
        expect(response?.body).toBe(body);
      }
      const byteByByte = parsePieces([...bytes].map((byte) => Buffer.from([byte])));
      expect(byteByByte?.body).toBe(body);
    });
  }
});

describe('what a response says', () => {
  it('headers are found by lower-case name, whatever their spelling', () => {
    const response = parseText('HTTP/1.1 429 Too Many Requests\r\nRETRY-AFTER:  7 \r\nContent-Length: 0\r\n\r\n');
    expect(response?.status).toBe(429);
    expect(response?.header('retry-after')).toBe('7');
    expect(response?.header('after')).toBeUndefined();
    expect(response?.reusable).toBe(true);
  });

  it('a connection that is to be closed, or HTTP/1.0, carries no further request', () => {
    expect(parseText('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')?.reusable).toBe(false);
    expect(parseText('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok')?.reusable).toBe(false);
    expect(parseText('HTTP/1.1 200 OK\r\n\r\nuntil the end')?.body).toBe('until the end');
  });

  it('bytes after the response make the connection unusable', () => {
    expect(parseText('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n')?.reusable).toBe(false);
  });

  it('an answer that was cut off is no answer', () => {
    expect(parseText('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nonly this')).toBeUndefined();
    expect(parseText('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nonly ')).toBeUndefined();
  });
});

describe('what is no HTTP/1.1 response is refused', () => {
  const cases: readonly { what: string; text: string }[] = [
    { what: 'another protocol', text: 'SSH-2.0-OpenSSH_9.6\r\n\r\n' },
    { what: 'a length that is no number', text: 'HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n' },
    { what: 'a length beyond the limit', text: `HTTP/1.1 200 OK\r\nContent-Length: ${longest + 1}\r\n\r\n` },
    {
      what: 'a chunk that is longer than its size',
      text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n',
    },
    { what: 'a chunk size that is no number', text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' },
    { what: 'a coding that was not asked for', text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n' },
    { what: 'a head without end', text: `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(65 * 1024)}` },
  ];
  for (const { what, text } of cases) {
    it(what, () => {
      const parser = new ResponseParser(longest);
      expect(() => parser.push(Buffer.from(text))).toThrow(MalformedResponse);
    });
  }

  it('chunks beyond the limit', () => {
    const parser = new ResponseParser(100);
    parser.push(Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'));
    expect(() => {
      for (let count = 0; count < 10; count++) parser.push(Buffer.from('14\r\n01234567890123456789\r\n'));
    }).toThrow(MalformedResponse);
  });
});
