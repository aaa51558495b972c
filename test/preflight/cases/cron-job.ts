/** cron-job, allowances, token-lifetime and schedule. */
import { expect, it } from 'vitest';
import { commandsOf, type Desk, type Expected, expectFoundAndMended, problems, said } from '../desk.ts';

const system = ['-n', 'poolc-system'];

export function describeCronJob(deskOf: () => Desk): void {
  const patch = (object: string, change: object) =>
    deskOf().kubectl(...system, 'patch', object, '--type=merge', '-p', JSON.stringify(change));
  const cronJob = (spec: object) => patch('cronjob/credentials-updater', { spec });
  const setting = (name: string, value: string) =>
    patch('configmap/credentials-updater-cm', { data: { [name]: value } });
  const ownSetting = (...pairs: readonly string[]) =>
    deskOf().kubectl(...system, 'set', 'env', 'cronjob/credentials-updater', ...pairs);
  const remove = (object: string) => deskOf().kubectl(...system, 'delete', object);

  it.each<[string, () => Promise<string>, Expected]>([
    [
      'there is none',
      () => remove('cronjob/credentials-updater'),
      {
        finds: {
          'cron-job': 'failed',
          endpoint: 'failed',
          directory: 'unknown',
          names: 'unknown',
          allowances: 'unknown',
          schedule: 'unknown',
        },
        says: /there is no CronJob of the updater in poolc-system/,
      },
    ],
    [
      'it is suspended',
      () => cronJob({ suspend: true }),
      { finds: { 'cron-job': 'failed' }, says: /is suspended: no run will renew anyone's token/ },
    ],
    [
      'its ConfigMap is gone',
      () => remove('configmap/credentials-updater-cm'),
      {
        finds: { 'cron-job': 'failed', endpoint: 'failed', directory: 'unknown', names: 'unknown' },
        says: /takes its settings from the ConfigMap credentials-updater-cm, which does not exist: its pods can't start/,
      },
    ],
    [
      "a setting can't be used",
      () => setting('TOKEN_LIFETIME', 'a week'),
      {
        finds: { 'cron-job': 'failed' },
        says: /in the ConfigMap credentials-updater-cm: TOKEN_LIFETIME=a week can't be used: a duration/,
      },
    ],
    [
      "a variable of its own can't be used",
      () => ownSetting('MIN_MEMBERS=few'),
      { finds: { 'cron-job': 'failed' }, says: /in the CronJob credentials-updater: MIN_MEMBERS=few can't be used/ },
    ],
  ])('cron-job fails where %s', async (_, disturb, expected) => {
    await disturb();
    await expectFoundAndMended(deskOf(), expected);
  });

  it.each([
    ['CronJob credentials-updater', () => ownSetting('ALLOW_REMOVALS=40')],
    ['ConfigMap credentials-updater-cm', () => setting('ALLOW_REMOVALS', '40')],
  ])('allowances fails where that of a single run is left in the %s', async (where, disturb) => {
    await disturb();
    await expectFoundAndMended(deskOf(), {
      finds: { allowances: 'failed' },
      says: new RegExp(`ALLOW_REMOVALS=40 is left in the ${where}: it is for one run`),
    });
  });

  it('token-lifetime warns where the API server grants less than is asked for, in its own words', async () => {
    await setting('TOKEN_LIFETIME', '14d');
    const report = await deskOf().preflight();
    expect(problems(report)).toEqual({ 'token-lifetime': 'warning' });
    expect(said(report, 'token-lifetime').text).toMatch(
      /TOKEN_LIFETIME is 14d, but the API server grants 7d at most \("requested expiration of \d+ seconds shortened to 604800 seconds"\)/,
    );
    expect(report.exitCode).toBe(0);
    await deskOf().shell('kubectl apply -k deploy/overlays/production');
    await patch('configmap/credentials-updater-cm', { data: { TOKEN_LIFETIME: null } });
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    [
      'tokens expire before their successors come',
      async () => {
        await cronJob({ schedule: '0 15 * * 0' });
        return ownSetting('SCHEDULE=0 15 * * 0');
      },
      /no renewal margin|locked out|no token/i,
    ],
    [
      'the program is told another schedule',
      () => cronJob({ schedule: '0 3 * * *' }),
      /is told that it runs at "0 15 \* \* \*" Etc\/UTC, but the CronJob has "0 3 \* \* \*"/,
    ],
    [
      'the program is told another time zone',
      () => ownSetting('SCHEDULE_TIMEZONE=Asia/Seoul'),
      /"0 15 \* \* \*" Asia\/Seoul, but/,
    ],
    [
      'the program is told none',
      () => ownSetting('SCHEDULE-'),
      /is not told its SCHEDULE, so that no run can warn of a gap/,
    ],
  ])('schedule warns where %s', async (_, disturb, says) => {
    await disturb();
    await expectFoundAndMended(deskOf(), { finds: { schedule: 'warning' }, says });
    await deskOf().shell('kubectl apply -k deploy/overlays/production');
  });

  it('schedule fails where nobody can tell when the runs are, though Kubernetes takes it', async () => {
    await cronJob({ schedule: '@every 24h' });
    const report = await deskOf().preflight();
    expect(said(report, 'schedule')).toEqual({
      status: 'failed',
      text: expect.stringMatching(
        /the CronJob's schedule can't be used: a CronJob schedule has five fields .* "@every 24h"/,
      ),
    });
    for (const command of commandsOf(report, 'schedule')) await deskOf().shell(command);
    expect(problems(await deskOf().preflight())).toEqual({});
    await deskOf().shell('kubectl apply -k deploy/overlays/production');
  });

  it('cron-job fails where the time zone that the program is told does not exist', async () => {
    await ownSetting('SCHEDULE_TIMEZONE=Asia/Soul');
    const report = await deskOf().preflight();
    expect(said(report, 'cron-job')).toEqual({
      status: 'failed',
      text: expect.stringMatching(/"Asia\/Soul" is not a time zone/),
    });
    for (const command of commandsOf(report)) await deskOf().shell(command);
    expect(problems(await deskOf().preflight())).toEqual({});
    await deskOf().shell('kubectl apply -k deploy/overlays/production');
  });
}
