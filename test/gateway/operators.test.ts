/** What operators do about devices: see whose they are, end one of them, look for those of leavers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { startPoolcApi } from '../../dev/poolc-api/index.ts';
import { paths } from '../../src/devices/wire.ts';
import { runCommand } from '../command.ts';
import { type GatewayLab, startLab, usersNamespace } from './lab.ts';
import { assertionOf, codeOf, connectedDevice, renew } from './test-device.ts';

let lab: GatewayLab;
/** The API server remembers for 10 s that a token was good. */
const forgotten = { timeout: 40_000, interval: 500 };

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('kim');
  await lab.addMember('lee');
  await lab.startGateway();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

/** The command as an administrator types it. */
function operator(args: readonly string[], { terminal = false, env = {} } = {}) {
  return runCommand(args, { terminal, env: { KUBECONFIG: lab.controlPlane.kubeconfig, TZ: 'Asia/Seoul', ...env } });
}

async function isAccepted(token: string): Promise<boolean> {
  const kubeconfig = await lab.controlPlane.kubeconfigFor({ token });
  return (await lab.controlPlane.kubectl(['auth', 'whoami'], { kubeconfig })).exitCode === 0;
}

describe('revoke --device', () => {
  test('ends that device’s token within 10 s, and neither another of the member nor anybody else’s', async () => {
    const lost = await connectedDevice(lab, 'kim', 'lost laptop');
    const kept = await connectedDevice(lab, 'kim', 'desktop');
    const [lostToken, keptToken] = [(await renew(lab, lost)).token, (await renew(lab, kept)).token];
    expect(await isAccepted(lostToken)).toBe(true);

    const asked = await operator(['revoke', '--device', 'lost laptop']);
    expect(asked).toMatchObject({ exitCode: 2, stdout: '' });
    expect(asked.stderr).toMatch(
      /would end the device "lost laptop" \(device-\S+\) of kim; nothing was changed.* --yes/s,
    );

    const { exitCode, stdout } = await operator(['revoke', '--device', 'lost laptop', '--yes']);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(
        /^ended the device "lost laptop" \(device-\S+\) of kim: each token of it is rejected within 10 s\n1 other device of that member goes on\./,
      ),
    });
    expect(stdout).toMatch(/To take all of their access away:\n\S.* revoke kim /);
    const refused = await lab.post(paths.token, { assertion: await assertionOf(lab, lost, paths.token) });
    expect(codeOf(refused.body)).toBe('unknown_device');
    await expect.poll(() => isAccepted(lostToken), forgotten).toBe(false);
    expect(await isAccepted(keptToken)).toBe(true);
    await renew(lab, kept);
  });

  test('asks which one is meant where a name fits several, takes an id, and goes by an id before a name', async () => {
    const kims = await connectedDevice(lab, 'kim', 'laptop');
    const lees = await connectedDevice(lab, 'lee', 'laptop');
    // A member calls a device of theirs like another's id, so that an operator ends the wrong one.
    const decoy = await connectedDevice(lab, 'lee', kims.name);
    const several = await operator(['revoke', '--device', 'laptop', '--yes']);
    expect(several.exitCode).toBe(2);
    expect(several.stderr).toMatch(
      new RegExp(
        `laptop is the name of 2 devices: .*${kims.name} \\(kim, used .*${lees.name} \\(lee, used .*nothing was`,
      ),
    );
    expect(await operator(['revoke', 'lee', '--device', 'laptop', '--yes'])).toMatchObject({ exitCode: 0 });
    expect((await operator(['revoke', '--device', kims.name, '--yes'])).stdout).toContain('of kim');
    await renew(lab, decoy);
    expect(await operator(['revoke', '--device', kims.name, '--yes'])).toMatchObject({ exitCode: 0 });
    expect((await operator(['revoke', '--device', 'no such', '--yes'])).stderr).toMatch(
      /there is no device with the name or id no such; nothing was changed.*status --devices/s,
    );
  });

  test.each([
    [['revoke'], 'revoke needs to know whom'],
    [['revoke', 'kim', '--device', 'x', '--hold'], 'are for a whole member'],
    [['status', '--devices', '--state', 'ok', '--sort', 'state'], '--devices takes no --state and no --sort'],
  ])('%j is refused before the cluster is asked', async (args, why) => {
    const { exitCode, stderr } = await operator(args, { env: { KUBECONFIG: '/nowhere' } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(why) });
  });
});

const documentSchema = z.object({
  devices: z.array(
    z.object({
      account: z.string(),
      device: z.string(),
      id: z.string(),
      createdAt: z.iso.datetime(),
      lastUsedAt: z.iso.datetime(),
    }),
  ),
  unreadable: z.array(z.string()),
});

describe('status --devices', () => {
  test('shows whose each device is, since when, and when it was last used: on 80 columns, and as data', async () => {
    await lab.addMember('choi');
    const device = await connectedDevice(lab, 'choi', '최의 노트북');
    await renew(lab, device);
    const json = documentSchema.parse(
      JSON.parse((await operator(['status', '--devices', '--match', 'CHOI', '-o', 'json'])).stdout),
    );
    expect(json.devices).toEqual([
      expect.objectContaining({ account: 'choi', device: '최의 노트북', id: device.name }),
    ]);
    const { stdout } = await operator(['status', '--devices', '--match', 'choi'], { terminal: true });
    const lines = stripVTControlCharacters(stdout).split(/\r?\n/);
    expect(lines).toContainEqual(expect.stringMatching(/^ACCOUNT +DEVICE +CREATED +LAST USED$/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^choi {5}최의 노트북 +\d{4}-\d\d-\d\d \d\d:\d\d GMT\+9 +\d+ ?s ago$/),
    );
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await operator(['status', '--devices', '--match', 'choi', '-o', 'name'])).toMatchObject({
      stdout: `secret/${device.name}\n`,
    });
    expect((await operator(['status', '--devices', '--match', 'choi', '-o', 'wide'])).stdout).toContain(device.name);
  });

  test('puts nothing on a terminal that a device’s name could hide', async () => {
    await lab.addMember('evil');
    await connectedDevice(lab, 'evil', 'x\u001b]0;pwned\u0007\u202e');
    const { stdout } = await operator(['status', '--devices', '--match', 'evil', '-o', 'text']);
    for (const hidden of ['\u001b', '\u0007', '\u202e']) expect(stdout).not.toContain(hidden);
    expect(stdout).toContain(String.raw`x\u{1b}]0;pwned\u{7}\u{202e}`);
  });
});

test('a Secret of the type that no gateway wrote so lets nobody in, and is named', async () => {
  const { controlPlane } = lab;
  const policies = ['validatingadmissionpolicybindings/credentials-updater-devices'];
  const { uid } = await lab.addMember('oh');
  const device = await connectedDevice(lab, 'oh');
  onTestFinished(async () => {
    await controlPlane.kubectl(['apply', '-f', 'deploy/gateway/policy.yaml']);
  });
  await controlPlane.kubectl(['delete', ...policies]);
  // Without its label the member's own list would not show it.
  await expect
    .poll(
      async () =>
        (
          await controlPlane.kubectl([
            'label',
            'secret',
            device.name,
            '-n',
            usersNamespace,
            'credentials-updater.poolc.org/device-account-',
          ])
        ).exitCode,
      forgotten,
    )
    .toBe(0);
  const { stdout } = await operator(['status', '--devices', '-o', 'json']);
  const { devices, unreadable } = documentSchema.parse(JSON.parse(stdout));
  expect(unreadable).toEqual([`device-${uid}-0`]);
  expect(devices.map(({ id }) => id)).not.toContain(device.name);
  expect((await operator(['status', '--devices', '-o', 'text'])).stdout).toContain('not as a gateway writes them');
  const { status } = await lab.post(paths.token, { assertion: await assertionOf(lab, device, paths.token) });
  expect(status).toBe(503);
});

const reportSchema = z.object({
  checks: z.array(
    z.object({
      check: z.string(),
      findings: z.array(
        z.object({ status: z.string(), message: z.string(), fixes: z.array(z.object({ command: z.string() })) }),
      ),
    }),
  ),
});

test('preflight --leavers names the devices of a leaver, and of an account that is gone, with what ends them', async () => {
  const { request } = lab.controlPlane;
  await using api = await startPoolcApi();
  const keyFile = join(lab.controlPlane.directory, 'api-key');
  await writeFile(keyFile, api.apiKey);
  const members = z
    .object({
      items: z.array(
        z.object({
          metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }),
        }),
      ),
    })
    .parse((await request('GET', `/api/v1/namespaces/${usersNamespace}/serviceaccounts`)).body)
    .items.flatMap(({ metadata: { name, annotations } }) => {
      const uuid = annotations?.['credentials-updater/user-uuid'];
      return uuid === undefined ? [] : [{ uuid, loginId: name }];
    });
  for (const member of members) await api.addMember(member);
  await lab.addMember('yoon');
  const device = await connectedDevice(lab, 'yoon', 'phone');
  const findings = async () => {
    const { stdout } = await operator(['preflight', '--leavers', '-o', 'json'], {
      env: { POOLC_API_ENDPOINT: `${api.url}/kubernetes/`, POOLC_API_KEY_FILE: keyFile },
    });
    const { checks } = reportSchema.parse(JSON.parse(stdout));
    return checks
      .find(({ check }) => check === 'leavers')
      ?.findings.filter(({ message }) => message.includes('device'));
  };
  expect(await findings()).toEqual([
    {
      status: 'warning',
      message: expect.stringMatching(
        new RegExp(`^yoon \\(.*\\) is no longer in the directory, and has the device "phone" \\(${device.name}\\)`),
      ),
      fixes: [{ command: expect.stringMatching(/ revoke yoon /) }],
    },
  ]);

  // Kubernetes was told to leave behind what the account owns.
  await request('DELETE', `/api/v1/namespaces/${usersNamespace}/serviceaccounts/yoon`, { propagationPolicy: 'Orphan' });
  const gone = async () => (await findings())?.filter(({ message }) => message.includes('that account is gone'));
  await expect.poll(gone, forgotten).toEqual([
    {
      status: 'warning',
      message: expect.stringContaining(`the device "phone" (${device.name}) of yoon: that account is gone`),
      fixes: [{ command: expect.stringContaining(`delete secret/${device.name}`) }],
    },
  ]);
});
