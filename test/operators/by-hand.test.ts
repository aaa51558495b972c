/** A run from a laptop: what it is not told is taken from the CronJob on the cluster. */
import { expect, test } from 'vitest';
import { type Club, useClub } from '../club.ts';

const settings = { cron: '0 */6 * * *', zone: 'Asia/Seoul' };

/** The updater's CronJob, as deploy/base has it: its endpoint is in a ConfigMap. It never runs here. */
async function deploy({ cluster, api }: Club): Promise<void> {
  const name = 'credentials-updater';
  const container = {
    name,
    image: 'example.org/updater',
    env: [{ name: 'SCHEDULE', value: '0 0 1 1 *' }],
    envFrom: [{ configMapRef: { name: 'credentials-updater-cm' } }],
  };
  const objects = [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'credentials-updater-cm' },
      data: { POOLC_API_ENDPOINT: api.url },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name },
      spec: {
        schedule: settings.cron,
        timeZone: settings.zone,
        suspend: true,
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } },
      },
    },
  ];
  for (const object of objects) {
    const applied = await cluster.kubectl(['create', '-n', cluster.systemNamespace, '-f', '-'], {
      input: JSON.stringify(object),
    });
    expect(applied).toMatchObject({ exitCode: 0 });
  }
}

test('sync, plan and status take endpoint and schedule from the CronJob, and leave a renewal margin behind', async () => {
  const club = await useClub();
  await club.api.addMember({ loginId: 'kim' });
  const laptop = { KUBECONFIG: club.cluster.kubeconfig, POOLC_API_ENDPOINT: '', SCHEDULE: '' };
  const without = await club.run(['plan'], { env: laptop });
  expect(without).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('POOLC_API_ENDPOINT is not set') });
  await deploy(club);

  const plan = await club.run(['plan', '-o', 'text', '--first-run'], { env: laptop });
  expect(plan).toMatchObject({ exitCode: 0 });
  expect(plan.stdout).toContain(`runs are up to 6h apart ("${settings.cron}" ${settings.zone})`);
  const onTerminal = await club.run(['plan', '--first-run'], { env: laptop, terminal: true });
  const said = onTerminal.stdout.replaceAll(/\s+/g, ' ');
  // The cluster first, then what was taken from it.
  expect(said).toMatch(
    /^\S*https:\/\/127\.0\.0\.1:\d+, .*POOLC_API_ENDPOINT=http:\/\/127\.0\.0\.1:\d+, SCHEDULE=0 \*\/6/,
  );
  expect(said).toContain(`from the CronJob ${club.cluster.systemNamespace}/credentials-updater`);

  expect(await club.run(['sync', '--first-run'], { env: laptop })).toMatchObject({ exitCode: 0 });
  // Anyone who looks later, whatever they are told.
  const status = await club.run(['status', '-o', 'text'], { env: { SCHEDULE: '' } });
  expect(status.stdout).toMatch(/renewal margin: 6d1[78]h/);
  expect(status.stdout).not.toContain('no SCHEDULE');
});

test('where a run left no margin, status computes it by the schedule that it knows', async () => {
  const club = await useClub();
  await club.api.addMember({ loginId: 'kim' });
  await club.run(['sync']);
  expect((await club.run(['status', '-o', 'text'])).stdout).toContain('renewal margin: unknown, because no SCHEDULE');
  const known = await club.run(['status', '-o', 'text'], { env: { SCHEDULE: settings.cron } });
  expect(known.stdout).toMatch(/renewal margin: 6d1[78]h/);
});

test('what is given wins over the CronJob, and an account that may not read it goes on without', async () => {
  const club = await useClub();
  await club.api.addMember({ loginId: 'kim' });
  await deploy(club);
  const given = { KUBECONFIG: club.cluster.kubeconfig, SCHEDULE: '@daily', POOLC_API_ENDPOINT: '' };
  const plan = await club.run(['plan', '-o', 'text', '--first-run'], { env: given });
  expect(plan.stdout).toContain('runs are up to 1d apart ("@daily" Etc/UTC)');
  const denied = await club.run(['plan'], { env: { POOLC_API_ENDPOINT: '' } });
  expect(denied).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('POOLC_API_ENDPOINT is not set') });
});
