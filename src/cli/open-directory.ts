/** The directory that the settings name. */
import { readApiKey, requireEndpoint } from '../config/poolc.ts';
import { readCertificateAuthority, readSecret } from '../config/read-reference.ts';
import type { SecretReference } from '../config/secret-reference.ts';
import type { Settings } from '../config/settings.ts';
import { readSurroundings, type Variables } from '../config/surroundings.ts';
import { withShorterLogins } from '../core/login.ts';
import type { Directory } from '../directories/directory.ts';
import { fileDirectory, pathSource } from '../directories/file.ts';
import { githubDirectory } from '../directories/github.ts';
import { httpDirectory } from '../directories/http.ts';
import { ldapDirectory } from '../directories/ldap.ts';
import { poolcDirectory } from '../directories/poolc.ts';
import { systemClock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
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
  switch (directory.kind) {
    case 'poolc':
      return poolcDirectory(openPoolc(environment, settings, redactor), { random: Math.random, spelling });
    case 'file':
      if (directory.path !== undefined) return fileDirectory(pathSource(directory.path));
      throw notHere('spec.directory.file.path');
    case 'ldap':
      return ldapDirectory(ldapOptions(directory, environment.env, redactor), options);
    case 'http':
      return httpDirectory(httpOptions(directory, environment.env, redactor), options);
    case 'github':
      return githubDirectory(
        { ...githubOptions(directory, environment.env, redactor), withKeys: settings.delivery.kind === 'files' },
        options,
      );
  }
}

function httpOptions(http: Extract<Settings['directory'], { kind: 'http' }>, env: Variables, redactor: Redactor) {
  const { certificateAuthority, headers, kind: _, ...options } = http;
  const field = 'spec.directory.http';
  const secrets = Object.entries(headers).map(([name, reference]) => {
    const value = readSecret(reference, `${field}.headers.${name}`, env);
    // With its scheme and without: another side may repeat the token alone.
    for (const part of [value.reveal(), ...value.reveal().split(/\s+/).slice(1)]) redactor.add(part);
    return [name, value] as const;
  });
  return {
    ...options,
    headers: new Map(secrets),
    userAgent,
    proxyEnv: readSurroundings(env).proxies,
    ...(certificateAuthority === undefined
      ? {}
      : {
          extraAuthorities: [readCertificateAuthority(certificateAuthority, `${field}.certificateAuthority`, env)],
        }),
  };
}

function githubOptions(github: Extract<Settings['directory'], { kind: 'github' }>, env: Variables, redactor: Redactor) {
  const { organization, teams, apiURL, token, app } = github;
  const field = 'spec.directory.github';
  const onSecret = (secret: Secret) => redactor.add(secret.reveal());
  const read = (reference: SecretReference, name: string) => {
    const secret = readSecret(reference, `${field}.${name}`, env);
    onSecret(secret);
    return secret;
  };
  const common = { organization, teams, apiURL, onSecret, userAgent, proxyEnv: readSurroundings(env).proxies };
  if (token !== undefined) return { ...common, credential: { token: read(token, 'token') } };
  if (app === undefined) throw new Failure('usage', `${field} has neither token nor app`);
  const { id, installation, privateKey } = app;
  return { ...common, credential: { app: { id, installation, privateKey: read(privateKey, 'app.privateKey') } } };
}

function ldapOptions(ldap: Extract<Settings['directory'], { kind: 'ldap' }>, variables: Variables, redactor: Redactor) {
  const { certificateAuthority, bindDN, bindPassword, kind: _, ...options } = ldap;
  const field = 'spec.directory.ldap';
  const password =
    bindPassword === undefined ? undefined : readSecret(bindPassword, `${field}.bindPassword`, variables);
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
            variables,
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
