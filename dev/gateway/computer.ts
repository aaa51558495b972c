/** A computer of a member's: a home of its own, with kubectl and the members' program on its PATH. */
import { spawn } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GatewayLab } from './lab.ts';

/** What a command printed, and how it ended. */
export interface Ran {
  readonly exitCode: number | null;
  /** To both, in the order in which it came. */
  readonly text: string;
}

export interface Computer {
  /** @param onText called with all that was printed so far */
  run(command: readonly string[], onText?: (text: string) => void): Promise<Ran>;
}

/** @param program the bundle of the members' program */
export async function newComputer(
  { controlPlane, authority }: Pick<GatewayLab, 'controlPlane' | 'authority'>,
  name: string,
  program: string,
): Promise<Computer> {
  const home = join(controlPlane.directory, 'computers', name);
  const bin = join(home, 'bin');
  await mkdir(bin, { recursive: true });
  await symlink(program, join(bin, 'credentials-updater'));
  await symlink(controlPlane.kubectlPath, join(bin, 'kubectl'));
  const trusted = join(home, 'ca.crt');
  await writeFile(trusted, authority);
  const env = {
    PATH: [bin, dirname(process.execPath), process.env['PATH']].join(':'),
    HOME: home,
    TMPDIR: home,
    LANG: 'C.UTF-8',
    KUBECONFIG: join(home, 'config'),
    KUBERC: 'off',
    NODE_EXTRA_CA_CERTS: trusted,
  };
  return {
    run: ([command = '', ...args], onText) => {
      const child = spawn(join(bin, command), args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const { promise, resolve, reject } = Promise.withResolvers<Ran>();
      let text = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          onText?.(text);
        });
      }
      child.once('error', reject);
      child.once('close', (exitCode) => resolve({ exitCode, text }));
      return promise;
    },
  };
}

/** A login at a gateway that waits until somebody opens the link and types the code. */
export interface StartedLogin {
  readonly link: string;
  readonly code: string;
  readonly ended: Promise<Ran>;
}

/** @throws when it ends without a link */
export async function startLogin(computer: Computer, command: readonly string[]): Promise<StartedLogin> {
  const { promise: shown, resolve } = Promise.withResolvers<Omit<StartedLogin, 'ended'>>();
  const ended = computer.run(command, (text) => {
    const [, link, code] = /(https:\/\/\S+\/enroll\?request=\S+)[\s\S]* ([0-9A-Z]{4}-[0-9A-Z]{4}) /.exec(text) ?? [];
    if (link !== undefined && code !== undefined) resolve({ link, code });
  });
  const first = await Promise.race([shown, ended]);
  if ('text' in first) throw new Error(`The login ended without a link: ${first.text}`);
  return { ...first, ended };
}
