/** PKS with the original program, as Argo CD deploys it there: App of Apps, the AppProjects, a sealed API key, a week's tokens. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { argoCdDefinitions } from '../../dev/argocd/definitions.ts';
import type { ClusterAccess } from '../../dev/control-plane/index.ts';
import { reviewTokens } from '../../dev/token-review.ts';
import { expectExit } from '../command.ts';
import { leaveAsOriginal, originalManifests } from '../e2e/original-program.ts';
import { type Desk, openDesk } from '../preflight/desk.ts';
import { type ArgoCd, finalizer, folder, type Git, playArgoCd } from './argo-cd.ts';
import {
  type Manifest,
  manifestSchema,
  ownRepository,
  platformProjects,
  platformRepository,
  server,
} from './projects.ts';

export const applicationName = 'credentials-updater';
const rootFolder = folder(platformRepository, 'applications');
const originalPath = 'manifests';
const rights = 'poolc:credentials-updater';

export interface ClubCluster {
  readonly desk: Desk;
  readonly git: Git;
  readonly argoCd: ArgoCd;
  readonly sealedKey: Manifest;
  /** Commits this version of the Application to the folder of the root application. */
  readonly commitApplication: (change: { finalizers?: readonly string[]; repoURL?: string; path?: string }) => void;
  /** Takes it out of that folder. */
  readonly commitNoApplication: () => void;
  /** Lets poolc-system-proj read this repository, as an operator does before the source changes. */
  readonly allowRepository: (repoURL: string) => Promise<void>;
  /** A folder with these objects, committed. */
  readonly commit: (repoURL: string, path: string, objects: readonly Manifest[]) => void;
  readonly render: (overlay: string) => Promise<Manifest[]>;
  /** The CronJob's program, with the CronJob's account and the key that is in the cluster. */
  readonly run: () => Promise<void>;
  /** Neither the API key, nor poolc-users, nor any token that was ever given. */
  readonly expectNothingLost: () => Promise<void>;
  readonly exists: (...resource: readonly string[]) => Promise<boolean>;
}

/** Call it in a test. */
export async function openClubCluster(): Promise<ClubCluster> {
  const desk = await openDesk({ controllerManager: true });
  onTestFinished(() => desk.close());
  const kubectl = async (args: readonly string[], input = ''): Promise<string> => {
    const { exitCode, stdout, stderr } = await desk.cluster.kubectl(args, { input });
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  await kubectl(['apply', '--server-side', ...(await argoCdDefinitions()).flatMap((file) => ['-f', file])]);
  await kubectl(['apply', '-f', '-'], JSON.stringify(sealedSecrets));
  // A definition is served a moment after it was accepted.
  const served = () => kubectl(['get', 'sealedsecrets,applications,appprojects', '-A']).then(() => true, String);
  await expect.poll(served, { timeout: 120_000, interval: 500 }).toBe(true);
  for (const name of ['argocd', 'poolc-system']) await kubectl(['create', 'namespace', name]);

  const git: Git = new Map();
  const argoCd = playArgoCd(desk.cluster, git);
  let application = { finalizers: [finalizer] as readonly string[], repoURL: ownRepository, path: originalPath };
  const commitApplication: ClubCluster['commitApplication'] = (change) => {
    application = { ...application, ...change };
    git.set(rootFolder, [applicationManifest(application)]);
  };
  commitApplication({});
  const sealedKey = seal(desk);
  git.set(folder(ownRepository, originalPath), [...originalObjects(), sealedKey]);
  // `default` is closed after its first sync on PKS; here the root application has a project of its own.
  const projects = [...platformProjects, rootProject, rootApplication];
  await kubectl(['apply', '-f', '-'], listOf(projects));
  await argoCd.settle();
  await argoCd.sync(applicationName);
  await unseal(desk.cluster, sealedKey);

  const members = desk.api.members().filter(({ active }) => active);
  const tokens = new Map(await leaveAsOriginal(kubectl, 'poolc-users', members));
  expect(tokens.size).toBe(members.length);
  const given = new Set(tokens.values());
  const uidOf = (...resource: readonly string[]) => kubectl(['get', ...resource, '-o', 'jsonpath={.metadata.uid}']);
  const key = ['-n', 'poolc-system', 'secret/credentials-updater-secret'];
  const readKey = () => kubectl(['get', ...key, '-o', 'jsonpath={.data.API_KEY}']);
  const read = async () => [await uidOf(...key), await readKey(), await uidOf('namespace/poolc-users')];
  const before = await read();
  const reviewer = reviewTokens(desk.cluster);
  onTestFinished(() => reviewer[Symbol.asyncDispose]());

  return {
    desk,
    git,
    argoCd,
    sealedKey,
    commitApplication,
    commitNoApplication: () => void git.set(rootFolder, []),
    async allowRepository(repoURL) {
      const patch = [{ op: 'add', path: '/spec/sourceRepos/-', value: repoURL }];
      const args = [
        '-n',
        'argocd',
        'patch',
        'appproject',
        'poolc-system-proj',
        '--type=json',
        '-p',
        JSON.stringify(patch),
      ];
      await kubectl(args);
    },
    commit: (repoURL, path, objects) => void git.set(folder(repoURL, path), objects),
    render: async (overlay) => parseManifests(await desk.shell(`kubectl kustomize deploy/overlays/${overlay}`)),
    async run() {
      const account = ['create', 'token', 'credentials-updater', '-n', 'poolc-system', '--duration=1h'];
      const keyFile = join(desk.directory, 'key-of-the-cluster');
      await writeFile(keyFile, Buffer.from(await readKey(), 'base64'));
      const env = {
        KUBECONFIG: await desk.cluster.kubeconfigFor({ token: (await kubectl(account)).trim() }),
        POOLC_API_KEY_FILE: keyFile,
        POOLC_API_ENDPOINT: desk.api.url,
      };
      expectExit(await desk.command(['sync'], { env }), 0);
      const stored = desk.api.storedTokens();
      expect([...stored.keys()].toSorted()).toEqual(members.map(({ uuid }) => uuid).toSorted());
      for (const token of stored.values()) given.add(token);
    },
    async expectNothingLost() {
      expect(await read()).toEqual(before);
      const holders = await Promise.all([...given].map((token) => reviewer.whoIs(token)));
      expect(holders).not.toContain(undefined);
    },
    exists: async (...resource) => (await kubectl(['get', ...resource, '-o', 'name', '--ignore-not-found'])) !== '',
  };
}

const sealedSecrets = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'sealedsecrets.bitnami.com' },
  spec: {
    group: 'bitnami.com',
    names: { kind: 'SealedSecret', plural: 'sealedsecrets', singular: 'sealedsecret', listKind: 'SealedSecretList' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

const rootProject: Manifest = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AppProject',
  metadata: { name: 'root', namespace: 'argocd' },
  spec: { sourceRepos: [platformRepository], destinations: [{ server, namespace: 'argocd' }] },
};
const rootApplication: Manifest = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'pks-root', namespace: 'argocd' },
  spec: {
    project: 'root',
    source: { repoURL: platformRepository, path: 'applications' },
    destination: { server, namespace: 'argocd' },
    syncPolicy: { automated: { prune: true, selfHeal: true } },
  },
};

interface ApplicationInGit {
  readonly finalizers: readonly string[];
  readonly repoURL: string;
  readonly path: string;
}

/** Synced by hand, as PKS's are. */
function applicationManifest({ finalizers, repoURL, path }: ApplicationInGit): Manifest {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: applicationName,
      namespace: 'argocd',
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
    spec: {
      project: 'poolc-system-proj',
      source: { repoURL, path, targetRevision: 'HEAD' },
      destination: { server, namespace: 'poolc-system' },
    },
  };
}

/** Rights that amount to cluster-admin, and what is replaced in place. */
function originalObjects(): Manifest[] {
  const account = { kind: 'ServiceAccount', name: 'credentials-updater', namespace: 'poolc-system' };
  const rbac = 'rbac.authorization.k8s.io';
  const all = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
  const readsSecrets = { name: `${rights}:read-secret`, namespace: 'poolc-system' };
  return [
    ...originalManifests('poolc-system'),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account.name, namespace: account.namespace } },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: rights }, rules: [all] },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: rights },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: rights },
      subjects: [account],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: readsSecrets,
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: readsSecrets,
      roleRef: { apiGroup: rbac, kind: 'Role', name: readsSecrets.name },
      subjects: [account],
    },
  ];
}

/** The key is the test site's; how it is encrypted does not matter here. */
function seal({ api }: Desk): Manifest {
  return {
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata: { name: 'credentials-updater-secret', namespace: 'poolc-system' },
    spec: { encryptedData: { API_KEY: Buffer.from(api.apiKey).toString('base64') } },
  };
}

/** As the controller of Sealed Secrets: the Secret belongs to the SealedSecret, and goes with it. */
export async function unseal(
  { kubectl }: ClusterAccess,
  { metadata: { name, namespace = '' }, spec }: Manifest,
): Promise<void> {
  const uidOf = ['-n', namespace, 'get', 'sealedsecret', name, '-o', 'jsonpath={.metadata.uid}'];
  const uid = (await kubectl(uidOf)).stdout;
  const { encryptedData } = z.object({ encryptedData: z.record(z.string(), z.string()) }).parse(spec);
  const owner = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name, uid, controller: true };
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, ownerReferences: [owner] },
    data: encryptedData,
  };
  const { exitCode, stderr } = await kubectl(['create', '-f', '-'], { input: JSON.stringify(secret) });
  if (exitCode !== 0) throw new Error(stderr);
}

function listOf(items: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => manifestSchema.parse(document.toJS()));
}
