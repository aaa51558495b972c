import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DaemonOptions, freePort, startDaemon } from './daemon.ts';
import { startSupervisor } from './supervisor/index.ts';

/** A server that answers its process id. */
const program = `require('node:http').createServer((_, answer) => answer.end(String(process.pid)))
  .listen(Number(process.argv[1]), '127.0.0.1')`;

describe('a daemon', () => {
  it('takes another port when somebody took the first one in between', async () => {
    const { options, lines } = await daemonOptions();
    const [taken, free] = [await occupiedPort(), await freePort()];
    const ports = [taken, free];
    const daemon = await startDaemon({ ...options, choosePort: async () => ports.shift() ?? 0 });
    expect(daemon.port).toBe(free);
    expect(lines).toContainEqual(expect.stringContaining(`port ${taken} was taken`));
  });

  it('gives up with a reason when every port is taken', async () => {
    const { options } = await daemonOptions();
    const taken = await occupiedPort();
    await expect(startDaemon({ ...options, choosePort: async () => taken })).rejects.toThrow(`port ${taken} is taken`);
  });

  it('comes back on the same port, as another process', async () => {
    const { options } = await daemonOptions();
    const daemon = await startDaemon(options);
    const before = await answer(daemon.port);
    await daemon.stop();
    await expect(answer(daemon.port)).rejects.toThrow('fetch failed');
    await expect(daemon.stop()).rejects.toThrow('is not running');
    await daemon.start();
    expect(await answer(daemon.port)).not.toBe(before);
    await expect(daemon.start()).rejects.toThrow('is running already');
  });

  it('can be stopped while it is frozen', async () => {
    const { options } = await daemonOptions();
    const daemon = await startDaemon(options);
    daemon.pause();
    await daemon.stop();
    await expect(answer(daemon.port)).rejects.toThrow('fetch failed');
  });

  it('shows the last words of a program that does not start', async () => {
    const { options } = await daemonOptions();
    const start = startDaemon({ ...options, command: () => ['sh', '-c', 'echo unknown flag: --nonsense; exit 3'] });
    await expect(start).rejects.toThrow(
      /test-server ended before it was ready \(exit 3\).*\n {2}unknown flag: --nonsense/,
    );
  });

  it('says when a program ends by itself', async () => {
    const { options, lines } = await daemonOptions();
    const daemon = await startDaemon(options);
    process.kill(Number(await answer(daemon.port)), 'SIGKILL');
    await expect
      .poll(() => lines, { timeout: 10_000 })
      .toContainEqual(expect.stringContaining('ended by itself (SIGKILL)'));
  });
});

async function daemonOptions(): Promise<{ options: DaemonOptions; lines: string[] }> {
  const supervisor = await startSupervisor({ directory: { kind: 'temporary', prefix: 'pks-daemon-test-' } });
  onTestFinished(() => supervisor.stop());
  const lines: string[] = [];
  const options: DaemonOptions = {
    name: 'test-server',
    supervisor,
    logFile: join(supervisor.directory, 'server.log'),
    command: (port) => [process.execPath, '--eval', program, String(port)],
    isReady: async (port) => /^\d+$/.test(await answer(port).catch(() => 'nothing')),
    onProgress: (line) => lines.push(line),
  };
  return { options, lines };
}

async function answer(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}`)).text();
}

/** A port somebody listens on, who says nothing. */
async function occupiedPort(): Promise<number> {
  const server: Server = createServer((socket) => socket.destroy());
  onTestFinished(() => void server.close());
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return port;
}
