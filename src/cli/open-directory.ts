/** The directory that the settings name. */
import { namedKeys } from '../config/member-sync-object.ts';
import { readApiKey, requireEndpoint } from '../config/poolc.ts';
import { type ReferenceSources, readCertificateAuthority, readSecret } from '../config/read-reference.ts';
import type { SecretReference } from '../config/secret-reference.ts';
import type { Settings } from '../config/settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { withShorterLogins } from '../core/login.ts';
import { printable } from '../core/model.ts';
import type { Directory } from '../directories/directory.ts';
import { type FileSource, fileDirectory, pathSource } from '../directories/file.ts';
import { githubDirectory } from '../directories/github.ts';
import { httpDirectory } from '../directories/http.ts';
import { ldapDirectory } from '../directories/ldap.ts';
import { poolcDirectory } from '../directories/poolc.ts';
import { systemClock } from '../lib/clock.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import type { Redactor } from '../lib/redact.ts';
import type { Secret } from '../lib/secret.ts';
import type { PoolcApi } from '../poolc/api.ts';
import { PoolcSpelling } from '../poolc/spelling.ts';
import { type Environment, userAgent } from './environment.ts';

/** @throws Failure (usage) when something that it needs is missing */
export function openDirectory(
  environment: Environment,
  settings: Settings,
  redactor: Redactor,
  /** Shared with the delivery of the same run. */
  spelling: PoolcSpelling = new PoolcSpelling(),
): Directory {
  const directory = openKind(environment, settings, redactor, spelling);
  return {
    ...directory,
    members: async (options) => withShorterLogins(await directory.members(options), settings.login),
  };
}

function openKind(
  environment: Environment,
  settings: Settings,
  redactor: Redactor,
  spelling: PoolcSpelling,
): Directory {
  const { directory } = settings;
  const options = { clock: systemClock, random: Math.random };
  const sources = { variables: environment.env, held: settings.held };
  switch (directory.kind) {
    case 'poolc':
      return poolcDirectory(openPoolc(environment, settings, redactor), { random: Math.random, spelling });
    case 'file':
      if (directory.path !== undefined) return fileDirectory(pathSource(directory.path));
      return fileDirectory(listSource(settings));
    case 'ldap':
      return ldapDirectory(ldapOptions(directory, sources, redactor), options);
    case 'http':
      return httpDirectory(httpOptions(directory, sources, redactor), options);
    case 'github':
      return githubDirectory(
        { ...githubOptions(directory, sources, redactor), withKeys: settings.delivery.kind === 'files' },
        options,
      );
  }
}

function httpOptions(
  http: Extract<Settings['directory'], { kind: 'http' }>,
  sources: ReferenceSources,
  redactor: Redactor,
) {
  const { certificateAuthority, headers, kind: _, ...options } = http;
  const field = 'spec.directory.http';
  const secrets = Object.entries(headers).map(([name, reference]) => {
    const value = readSecret(reference, `${field}.headers.${name}`, sources);
    // With its scheme and without: another side may repeat the token alone.
    for (const part of [value.reveal(), ...value.reveal().split(/\s+/).slice(1)]) redactor.add(part);
    return [name, value] as const;
  });
  return {
    ...options,
    headers: new Map(secrets),
    userAgent,
    proxyEnv: readSurroundings(sources.variables).proxies,
    ...(certificateAuthority === undefined
      ? {}
      : {
          extraAuthorities: [readCertificateAuthority(certificateAuthority, `${field}.certificateAuthority`, sources)],
        }),
  };
}

function githubOptions(
  github: Extract<Settings['directory'], { kind: 'github' }>,
  sources: ReferenceSources,
  redactor: Redactor,
) {
  const { organization, teams, apiURL, token, app } = github;
  const field = 'spec.directory.github';
  const onSecret = (secret: Secret) => redactor.add(secret.reveal());
  const read = (reference: SecretReference, name: string) => {
    const secret = readSecret(reference, `${field}.${name}`, sources);
    onSecret(secret);
    return secret;
  };
  const common = {
    organization,
    teams,
    apiURL,
    onSecret,
    userAgent,
    proxyEnv: readSurroundings(sources.variables).proxies,
  };
  if (token !== undefined) return { ...common, credential: { token: read(token, 'token') } };
  if (app === undefined) throw new Failure('usage', `${field} has neither token nor app`);
  const { id, installation, privateKey } = app;
  return { ...common, credential: { app: { id, installation, privateKey: read(privateKey, 'app.privateKey') } } };
}

function ldapOptions(
  ldap: Extract<Settings['directory'], { kind: 'ldap' }>,
  sources: ReferenceSources,
  redactor: Redactor,
) {
  const { certificateAuthority, bindDN, bindPassword, kind: _, ...options } = ldap;
  const field = 'spec.directory.ldap';
  const password = bindPassword === undefined ? undefined : readSecret(bindPassword, `${field}.bindPassword`, sources);
  if (password !== undefined) redactor.add(password.reveal());
  return {
    ...options,
    url: new URL(options.url),
    ...(certificateAuthority === undefined
      ? {}
      : {
          certificateAuthority: readCertificateAuthority(
            certificateAuthority,
            `${field}.certificateAuthority`,
            sources,
          ),
        }),
    ...(bindDN === undefined || password === undefined ? {} : { bind: { dn: bindDN, password } }),
  };
}

export function openPoolc({ env }: Environment, settings: Settings, redactor: Redactor): PoolcApi {
  const endpoint = requireEndpoint(settings);
  const key = readApiKey(settings, env);
  redactor.add(key.reveal());
  return { endpoint, key, userAgent, proxyEnv: readSurroundings(env).proxies, clock: systemClock };
}

function notHere(field: string): Failure {
  return new Failure('usage', `${field} can't be used by a command`);
}

/** A list of members in a ConfigMap or a Secret, read anew each time. */
function listSource(settings: Settings): FileSource {
  const { readList } = settings;
  const field = 'spec.directory.file';
  const key = namedKeys(settings).find((each) => each.field === field);
  if (key === undefined || readList === undefined) throw notHere(`${field}.path`);
  return {
    name: `the key ${printable(key.key)} of the ${key.kind} ${key.namespace}/${printable(key.name)}`,
    read: async (signal) => {
      try {
        return await readList(key, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const { message, hint = `${field} names it` } = toFailure(error);
        throw new Failure('directory', `the list of members can't be read: ${message}`, { cause: error, hint });
      }
    },
  };
}
