/** The gateway's story: log in once, lose a laptop, do without the gateway for a while, leave. Each claim is checked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fieldOf, logInAs } from '../gateway/browser.ts';
import { type Computer, type Ran, startLogin } from '../gateway/computer.ts';
import type { GatewayProcess } from '../gateway/lab.ts';
import type { GatewayStage } from './gateway-club.ts';
import type { Narrator } from './narrator.ts';
import { claim, runUpdater, type StoryOptions } from './telling.ts';

const member = 'kim-minjun';
const whoAmI = ['kubectl', 'auth', 'whoami', '-o', 'jsonpath={..username}'];
/** The API server remembers for 10 s that a token was good. */
const rejectionTimeoutMs = 60_000;

/** @throws BrokenPromiseError; the signal's reason */
export async function tellGatewayStory(stage: GatewayStage, options: StoryOptions): Promise<void> {
  const { lab, logins } = stage;
  const { narrator, signal } = options;

  narrator.chapter('Accounts, and a gateway');
  narrator.say(`The list is a file with ${logins.length} members. A sync makes their accounts, and delivers nothing:`);
  await sync(stage, ['--first-run'], options);
  narrator.say('The gateway, with its own rights and the policy that holds it to them:');
  narrator.command(`credentials-updater gateway --gateway-address ${lab.origin} …`);
  const gateway = await lab.startGateway({ env: { OIDC_ID_PREFIX: 'file:' } });
  narrator.output(`serving members at ${lab.origin}`);

  signal.throwIfAborted();
  narrator.chapter('Log in once');
  narrator.say(`${member} sits at a laptop, and has nothing but the members' program:`);
  const laptop = await stage.newComputer('laptop');
  await connect(stage, laptop, 'laptop', narrator);
  await show(laptop, narrator, whoAmI);
  await show(laptop, narrator, ['kubectl', 'get', 'namespaces']);
  narrator.fact('kubectl works, and no token was copied. Each token lives for an hour and renews by itself.');
  narrator.say('A second computer, the same way. Then the devices, as any of them lists them:');
  const desktop = await stage.newComputer('desktop');
  await connect(stage, desktop, 'desktop');
  const list = await show(desktop, narrator, ['credentials-updater', 'devices']);
  claim(
    /^desktop \(this one\) .*\nlaptop /m.test(list.text) || /^laptop .*\ndesktop \(this one\)/m.test(list.text),
    'both devices are listed',
  );

  signal.throwIfAborted();
  narrator.chapter('The laptop is stolen');
  narrator.say('The thief has a token that is good for an hour, and a key that gets the next one. At the desktop:');
  await show(desktop, narrator, ['credentials-updater', 'devices', 'remove', 'laptop']);
  narrator.say('And the laptop? The API server remembers for about 10 seconds that a token was good; then:');
  const refused = await untilRefused(laptop, whoAmI, signal);
  narrator.command(whoAmI.join(' '));
  narrator.output(refused);
  await show(desktop, narrator, whoAmI);
  narrator.fact('One device is shut out. The member, and the other device, noticed nothing.');

  signal.throwIfAborted();
  narrator.chapter('The gateway is gone for a while');
  gateway.kill('SIGKILL');
  await gateway.ended;
  narrator.say('It is killed. The token at hand serves for half an hour at least:');
  await show(desktop, narrator, whoAmI);
  const again: GatewayProcess = await lab.startGateway({ env: { OIDC_ID_PREFIX: 'file:' } });
  await show(desktop, narrator, ['credentials-updater', 'devices']);
  narrator.fact('It is back, with no database to restore: what it knows is in the cluster.');

  signal.throwIfAborted();
  narrator.chapter('A member leaves');
  await stage.leave(member);
  narrator.say(`${member} is not on the list any more. The next sync:`);
  await sync(stage, [], options);
  narrator.say('The device asks for its next token, and is told; the token at hand ends with the account:');
  const out = await untilRefused(desktop, whoAmI, signal);
  narrator.command(whoAmI.join(' '));
  narrator.output(out);
  narrator.fact('The account is gone, and its devices with it.');
  again.kill('SIGTERM');
  claim((await again.ended) === 0, 'the gateway ends with 0 when it is told to');
}

/** As the member does: reads link and code at the terminal, logs in in a browser, and types the code there. */
async function connect({ lab }: GatewayStage, computer: Computer, name: string, narrator?: Narrator): Promise<void> {
  const command = ['credentials-updater', 'login', lab.origin, '--device-name', name];
  const { link, code, ended } = await startLogin(computer, command);
  const request = new URL(link).searchParams.get('request') ?? '';
  const { browser, page } = await logInAs(lab, member, request);
  const done = await browser.post(`${lab.origin}/enroll`, { csrf: fieldOf(page, 'csrf'), request, code });
  await browser.close();
  claim(done.status === 200, `the page takes the code (${done.status})`);
  const { exitCode, text } = await ended;
  claim(exitCode === 0, `the login exits with 0, not ${exitCode}`);
  if (narrator === undefined) return;
  narrator.command(command.join(' '));
  // What is asked for is long, and sealed: of no use to anybody but the gateway.
  const short = (line: string) => line.replace(/(?<=\/enroll\?request=).*/, '…');
  const [before = '', after = ''] = text.split(/\n(?=This device is connected)/);
  narrator.output(
    before
      .split('\n')
      .map(short)
      .filter((line) => line !== '')
      .join('\n'),
  );
  narrator.say('The link is opened in a browser, the member logs in at the provider and types the code. Then:');
  narrator.output(after);
}

async function show(computer: Computer, narrator: Narrator, command: readonly string[]): Promise<Ran> {
  const ran = await computer.run(command);
  narrator.command(command.join(' '));
  narrator.output(ran.text);
  claim(ran.exitCode === 0, `\`${command.join(' ')}\` exits with 0, not ${ran.exitCode}`);
  return ran;
}

async function sync(
  { lab, settings, syncFlags }: GatewayStage,
  flags: readonly string[],
  options: StoryOptions,
): Promise<void> {
  await runUpdater({ cluster: lab.controlPlane, settings }, ['sync', ...syncFlags, ...flags], options);
}

/** @returns what kubectl then prints */
async function untilRefused(computer: Computer, command: readonly string[], signal: AbortSignal): Promise<string> {
  const giveUpAt = performance.now() + rejectionTimeoutMs;
  for (;;) {
    const { exitCode, text } = await computer.run(command);
    if (exitCode !== 0 && /not connected any more|Unauthorized/.test(text)) return text;
    claim(performance.now() < giveUpAt, `a device that was removed is out within ${rejectionTimeoutMs / 1_000} s`);
    await sleep(500, undefined, { signal });
  }
}
