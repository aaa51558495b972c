/**
 * One kubeconfig for each member in a folder, encrypted to the member's own keys, and an index of them. For those who hand
 * files out: by a web server, a shared folder, a repository.
 *
 * - A member without a key is named and skipped; the others get theirs.
 * - The file of an account that is gone is deleted: what is in the index of the last run, and nothing else but what a run
 *   that was killed left half-written.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import pMap from 'p-map';
import * as z from 'zod';
import type { KubeconfigCluster } from '../kube/kubeconfig-document.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { writePrivateFile } from '../lib/private-file.ts';
import { type AgeProgram, ageMissingReason, encryptWithAge, recipientsOf, requireAge } from './age.ts';
import type { Delivery, NotDelivered, Parcel, SendOptions } from './delivery.ts';
import { keepParcels } from './kept-parcels.ts';
import { memberKubeconfig } from './member-kubeconfig.ts';

const indexName = 'index.json';
const indexFormat = 'credentials-updater/files/v1';

export interface FilesDeliveryOptions {
  readonly directory: string;
  /** `<namespace>/<name>` of the MemberSync. */
  readonly owner: string;
  /** The API server as members reach it. */
  readonly cluster: KubeconfigCluster;
  readonly age: AgeProgram;
}

export function filesDelivery(options: FilesDeliveryOptions): Delivery {
  return {
    kind: 'files',
    address: `files in ${options.directory}`,
    replaces: 'each',
    takesCredentials: true,
    prepare: async (signal) => {
      await readIndex(options);
      await requireAge(options.age, signal);
    },
    begin: () => keepParcels((parcels, sendOptions) => send(options, parcels, sendOptions)),
  };
}

const entrySchema = z.object({
  account: z.string(),
  login: z.string().nullable(),
  file: z.string(),
  expires: z.string(),
});
const indexSchema = z.object({
  format: z.literal(indexFormat),
  /** The MemberSync, and the API server that its members reach: another of either has other members of the same names. */
  owner: z.string(),
  server: z.string(),
  members: z.array(entrySchema),
});
type Entry = z.infer<typeof entrySchema>;

async function send(
  options: FilesDeliveryOptions,
  parcels: readonly Parcel[],
  { right, signal, accounts }: SendOptions,
): Promise<NotDelivered[]> {
  await right.renew();
  const known = await readIndex(options);
  await removeLeftovers(options.directory);
  const stays = new Map<string, Entry>();
  for (const entry of known) {
    right.assertHeld();
    if (accounts.has(entry.account)) stays.set(entry.account, entry);
    else await removeFile(options.directory, entry.file);
  }
  const notDelivered: NotDelivered[] = [];
  await pMap(
    parcels,
    async (parcel) => {
      const { member, account, credential } = parcel;
      const recipients = recipientsOf(member.keys ?? []);
      if (recipients.length === 0) {
        notDelivered.push({ member, failure: noKey(member.keys) });
        return;
      }
      const file = fileOf(account.name);
      try {
        const text = memberKubeconfig(parcel, options.cluster);
        const encrypted = await encryptWithAge(text, { recipients, program: options.age, signal });
        right.assertHeld();
        await writePrivateFile(path.join(options.directory, file), encrypted);
        const expires = new Date(credential.expiresAt * 1_000).toISOString();
        stays.set(account.name, { account: account.name, login: member.login, file, expires });
      } catch (error) {
        const failure = toFailure(error);
        // Neither the lock nor a missing program gets better with the next member.
        if (
          signal.aborted ||
          failure.kind === 'lock' ||
          failure.kind === 'usage' ||
          failure.reason === ageMissingReason
        )
          throw error;
        notDelivered.push({ member, failure });
      }
    },
    { concurrency: 4, signal },
  );
  right.assertHeld();
  const members = [...stays.values()].toSorted((a, b) => (a.account < b.account ? -1 : 1));
  await writePrivateFile(
    path.join(options.directory, indexName),
    `${JSON.stringify({ format: indexFormat, owner: options.owner, server: serverOf(options.cluster), members }, undefined, 2)}\n`,
  );
  return notDelivered;
}

function serverOf({ server }: KubeconfigCluster): string {
  return server.href;
}

/** An account's name is a DNS name: neither a path nor hidden. */
function fileOf(account: string): string {
  return `${account}.kubeconfig.age`;
}

async function readIndex({ directory, owner, cluster }: FilesDeliveryOptions): Promise<readonly Entry[]> {
  const file = path.join(directory, indexName);
  const server = serverOf(cluster);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new Failure('delivery', `${file} can't be read; nothing was delivered`, { cause: error });
  }
  const parsed = indexSchema.safeParse(parseJson(text));
  if (parsed.success) {
    const { data } = parsed;
    if (data.owner === owner && data.server === server) return data.members;
    throw new Failure(
      'delivery',
      `the files in ${directory} are of the MemberSync ${data.owner} for ${data.server}, and this is ${owner} for ${server}; nothing was delivered`,
      {
        hint: 'choose another folder in spec.delivery.files.directory, or empty this one when its files are not needed any more',
      },
    );
  }
  throw new Failure('delivery', `${file} is not the index of an earlier run; nothing was delivered`, {
    hint: 'choose an empty folder in spec.delivery.files.directory, or move this file away',
  });
}

/** What a run that was killed was writing: of its own names alone, and under the lock, so that no run is writing now. */
async function removeLeftovers(directory: string): Promise<void> {
  const ours = /^(index\.json|[a-z0-9][a-z0-9.-]*\.kubeconfig\.age)\.[0-9a-f]{12}\.tmp$/;
  const names = await readdir(directory).catch(() => []);
  for (const name of names) if (ours.test(name)) await rm(path.join(directory, name), { force: true });
}

/** Only a name that this program gives: the index may have been edited. */
async function removeFile(directory: string, file: string): Promise<void> {
  if (!/^[a-z0-9][a-z0-9.-]*\.kubeconfig\.age$/.test(file)) return;
  await rm(path.join(directory, file), { force: true });
}

function noKey(keys: readonly string[] | undefined): Failure {
  return keys === undefined || keys.length === 0
    ? new Failure('delivery', 'the directory has no key for this member, so nothing can be encrypted for them', {
        hint: 'add an age or SSH public key (ssh-ed25519 or ssh-rsa) to the directory',
      })
    : new Failure('delivery', 'none of the keys of this member is one that age can encrypt to', {
        hint: 'add an age recipient (age1…), or an ssh-ed25519 or ssh-rsa public key',
      });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
