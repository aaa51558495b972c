/** `--member-sync NAME`: a MemberSync of the cluster in place of settings, with what its Secrets and ConfigMaps hold. */
import { holdKeys, type NamedKey, parseMemberSyncObject } from '../config/member-sync-object.ts';
import { type MemberSyncObject, readSettings } from '../config/settings.ts';
import { memberSyncCollection } from '../controller/object.ts';
import { type ClusterClient, parseJson } from '../kube/client.ts';
import { readKey } from '../kube/keys.ts';
import { Failure } from '../lib/failure.ts';
import { Redactor } from '../lib/redact.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { type Environment, openLog } from './environment.ts';
import { type CommonFlags, sourcesOf } from './flags.ts';
import { openCluster } from './wiring.ts';

/** The flags with the MemberSync that they name. @throws Failure (usage) where there is none */
export async function withMemberSync<Flags extends CommonFlags>(
  environment: Environment,
  flags: Flags,
): Promise<Flags> {
  const { memberSync: name, file } = flags;
  if (name === undefined) return flags;
  if (file !== undefined) throw new Failure('usage', '--member-sync and -f contradict each other: give one of them');
  const settings = readSettings(environment.env, sourcesOf(flags));
  const redactor = new Redactor();
  const log = openLog(environment, settings, 'text', redactor);
  const client = await openCluster(environment, settings, { log, redactor, cluster: flags });
  const object = await readObject(client, { namespace: settings.metadata.namespace, name }, environment.signal);
  return { ...flags, object };
}

/** What a MemberSync of the cluster says, for whoever can read the Secrets that it names. */
export async function openMemberSync(
  client: ClusterClient,
  object: unknown,
  signal: AbortSignal,
): Promise<MemberSyncObject> {
  const memberSync = parseMemberSyncObject(object);
  const held = await holdKeys(memberSync, (key) => readKey(client, key, key.key, signal));
  const readList = (key: NamedKey, listSignal: AbortSignal) => readKey(client, key, key.key, listSignal);
  return { memberSync, held, readList };
}

async function readObject(
  client: ClusterClient,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<MemberSyncObject> {
  const path = `${memberSyncCollection(namespace)}/${encodeURIComponent(name)}`;
  const response = await client.call({ method: 'GET', path, signal, expected: [404] });
  if (response.status === 404) {
    const kubectl = commandTemplate(client.access.kubectl);
    throw new Failure('usage', `there is no MemberSync ${namespace}/${withoutInvisible(name)}`, {
      hint: `\`${kubectl`get membersyncs --all-namespaces`}\` lists them; --pod-namespace names another namespace`,
    });
  }
  return openMemberSync(client, parseJson(response.body), signal);
}
