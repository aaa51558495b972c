/**
 * docs/pks.md, "The upgrade under App of Apps", on a real API server with Argo CD played by its documented rules: what is
 * lost on the ways that the page warns of, and that nothing is on its own, at no step.
 */
import { expect, test } from 'vitest';
import { applicationName, type ClubCluster, openClubCluster, unseal } from './club-cluster.ts';
import { ownRepository, platformRepository } from './projects.ts';

const timeout = 600_000;
const application = ['-n', 'argocd', `application/${applicationName}`];
const keyIn = ['-n', 'poolc-system', 'secret/credentials-updater-secret'];
const cronJobIn = ['-n', 'poolc-system', 'cronjob/credentials-updater'];
const monorepoFolder = 'services/credentials-updater/manifests';

/** Nothing but what the page says. */
const expectedFailures = ['cron-job', 'updater-rights', 'member-role', 'policies', 'argocd-projects'];

const finalizersOf = ({ desk }: ClubCluster) =>
  desk.kubectl('get', ...application, '-o', 'jsonpath={.metadata.finalizers}');
test('what the page warns of loses CronJob, rights and API key: each of three ways', { timeout }, async () => {
  const club = await openClubCluster();
  const { desk, argoCd, exists } = club;
  await club.expectNothingLost();
  const expectLost = async (isBack: boolean) => {
    expect(await exists(...application)).toBe(isBack);
    expect(await exists(...cronJobIn)).toBe(false);
    expect(await exists('clusterrole/poolc:credentials-updater')).toBe(false);
    await expect.poll(() => exists(...keyIn), { timeout: 120_000, interval: 500 }).toBe(false);
  };

  // Deleted by hand, it comes back with its finalizer, ready to do the same again.
  await desk.kubectl('delete', ...application, '--wait=false');
  await argoCd.settle();
  await expectLost(true);
  expect(await finalizersOf(club)).toContain('resources-finalizer');

  // Taken out of Git with its finalizer.
  await argoCd.sync(applicationName);
  await unseal(desk.cluster, club.sealedKey);
  club.commitNoApplication();
  await argoCd.settle();
  await expectLost(false);

  // The new place lacks the sealed key, and a sync prunes.
  club.commitApplication({});
  await argoCd.settle();
  await argoCd.sync(applicationName);
  await unseal(desk.cluster, club.sealedKey);
  club.commit(ownRepository, 'deploy/overlays/pks/updater', await club.render('pks/updater'));
  club.commitApplication({ finalizers: [], path: 'deploy/overlays/pks/updater' });
  await argoCd.settle();
  await argoCd.sync(applicationName, { prune: true });
  expect(await exists(...cronJobIn)).toBe(true);
  await expect.poll(() => exists(...keyIn), { timeout: 120_000, interval: 500 }).toBe(false);
});

test.each([
  ['a repository of its own', ownRepository, 'deploy/overlays/pks/updater'],
  ['a folder of the monorepo', platformRepository, monorepoFolder],
])('the order on the page loses nothing at any step: with %s', { timeout }, async (_, repoURL, path) => {
  const club = await openClubCluster();
  const { desk, argoCd } = club;
  const after = async (step: () => Promise<unknown>) => {
    await step();
    await argoCd.settle();
    await club.expectNothingLost();
  };
  if (repoURL === platformRepository) await club.allowRepository(repoURL);

  await after(async () => club.commitApplication({ finalizers: [] }));
  expect(await finalizersOf(club)).toBe('');
  await after(() => desk.kubectl('patch', ...cronJobIn, '-p', '{"spec":{"suspend":true}}'));
  await after(async () => club.commit(repoURL, path, [...(await club.render('pks/updater')), club.sealedKey]));
  await after(async () => club.commitApplication({ repoURL, path }));
  await after(() => argoCd.sync(applicationName));
  const image = 'jsonpath={.spec.suspend} {.spec.jobTemplate.spec.template.spec.containers[*].image}';
  expect(await desk.kubectl('get', ...cronJobIn, '-o', image)).toMatch(/^true [^ ]+$/);
  expect(await desk.kubectl('get', ...cronJobIn, '-o', image)).not.toContain(':original');
  // With the original's rights, which its account still has.
  await after(() => club.run());
  await after(() => desk.shell('kubectl apply -k deploy/overlays/pks/rest'));
  const failed = (await desk.preflight()).checks.filter(({ status }) => status === 'failed');
  expect(failed.map(({ check }) => check)).toEqual(expectedFailures);
  await after(() => club.run());
  await after(() =>
    desk.shell(
      'kubectl delete clusterrolebinding,clusterrole poolc:credentials-updater && ' +
        'kubectl -n poolc-system delete rolebinding,role poolc:credentials-updater:read-secret',
    ),
  );
  await after(() => club.run());
  await after(() => desk.kubectl('patch', ...cronJobIn, '-p', '{"spec":{"suspend":false}}'));

  await after(() => argoCd.sync(applicationName, { prune: true }));
  await after(() => club.run());
  // What the page promises for good: without the finalizer, the Application is nothing that anything hangs on.
  await after(async () => club.commitNoApplication());
  expect(await club.exists(...application)).toBe(false);
  await after(() => club.run());
});
