/** spec.directory: who is a member. One kind of it is given. */
import * as z from 'zod';
import { isLoopback } from '../http/endpoint.ts';
import type { Message } from '../lib/message.ts';
import { valueMessages as messages } from '../lib/messages/settings.ts';
import { field, object } from './fields.ts';
import { certificateReference, fileNotation, keyReference, onlyOne, secretReference } from './secret-reference.ts';
import { anyText, endpoint, list, webAddress, yesOrNo } from './values.ts';
import { customIssue } from './words.ts';

/** Where deploy/base mounts it. */
export const defaultApiKeyFile = '/etc/credentials-updater-secret/API_KEY';

/** Of the directory and of the delivery alike. */
export const poolcFields = object({
  endpoint: field(endpoint().optional(), {
    setting: 'POOLC_API_ENDPOINT',
    group: 'PoolC API',
    description: 'address of the PoolC API, before /kubernetes/; https, except on loopback',
    required: true,
  }),
  apiKey: field(secretReference().prefault({ file: defaultApiKeyFile }), {
    setting: 'POOLC_API_KEY_FILE',
    group: 'PoolC API',
    description: 'file that holds the API key; read at every run',
    inDocument: 'the API key; read at every run',
    notation: fileNotation,
    required: true,
  }),
});

const file = object({
  path: field(anyText('FILE').optional(), {
    description: 'a file: YAML or JSON with members, or CSV with the header id,login[,keys]',
    only: 'command',
  }),
  configMapKeyRef: keyReference('ConfigMap'),
  secretKeyRef: keyReference('Secret'),
}).superRefine((given, { issues }) => {
  if (onlyOne(given)) return;
  issues.push(customIssue(messages.exactlyOne({ first: 'path, configMapKeyRef', last: 'secretKeyRef' }), given));
});

const http = object({
  url: field(webAddress(), { description: 'address of the first page; https, except on loopback' }),
  headers: field(
    z
      .record(
        z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
        field(secretReference(), { description: 'value of this header' }),
      )
      .prefault({}),
    {
      description: 'headers of each request, such as Authorization, by name',
    },
  ),
  members: field(anyText('EXPRESSION'), { description: 'the list of members in a page (JMESPath)' }),
  id: field(anyText('EXPRESSION'), { description: "a member's id: a text or a whole number, never reused (JMESPath)" }),
  login: field(anyText('EXPRESSION').optional(), { description: "a member's login id (JMESPath)" }),
  active: field(anyText('EXPRESSION').optional(), {
    description: 'whether a member is active: true or false (JMESPath)',
  }),
  next: field(anyText('EXPRESSION').optional(), {
    description: 'address of the next page, of the same origin (JMESPath)',
  }),
  total: field(anyText('EXPRESSION').optional(), { description: 'how many members there are in all pages (JMESPath)' }),
  certificateAuthority: field(certificateReference().optional(), {
    description: 'the CA that signed its certificate, where it is not one of the usual ones',
  }),
});

const ldap = object({
  url: field(anyText('URL'), { description: 'ldaps://HOST, or ldap://HOST with startTLS' }),
  startTLS: field(yesOrNo().prefault(false), {
    description: 'turn a plain connection into TLS before anything is sent',
  }),
  certificateAuthority: field(certificateReference().optional(), {
    description: 'the CA that signed its certificate, where it is not one of the usual ones',
  }),
  bindDN: field(anyText('DN').optional(), { description: 'as whom to search; anonymously unless given' }),
  bindPassword: field(secretReference().optional(), { description: 'the password of bindDN' }),
  base: field(anyText('DN'), { description: 'where in the tree members are' }),
  filter: field(anyText('FILTER').prefault('(objectClass=person)'), { description: 'which entries are members' }),
  id: field(anyText('ATTRIBUTE').prefault('entryUUID'), {
    description: 'attribute that never changes; objectGUID in Active Directory',
  }),
  login: field(anyText('ATTRIBUTE').prefault('uid'), { description: 'attribute with the login id' }),
  groups: field(list(messages.distinguishedNames()).prefault([]), {
    description: 'only the members of these groups; everyone unless given',
  }),
  nestedGroups: field(yesOrNo().prefault(true), { description: 'groups inside groups count too' }),
}).superRefine(({ url, startTLS, bindDN, bindPassword }, { issues }) => {
  const refuse = (name: string, message: Message) => issues.push({ ...customIssue(message, undefined), path: [name] });
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
  if ((protocol !== 'ldap:' && protocol !== 'ldaps:') || hostname === '') refuse('url', messages.ldapAddress());
  else if (protocol === 'ldaps:' && startTLS) refuse('startTLS', messages.ldapsIsTls());
  // No special scheme, so that a name in square brackets or upper case arrives as it is.
  else if (protocol === 'ldap:' && !startTLS && !isLoopback(hostname.toLowerCase()))
    refuse('url', messages.plainLdap());
  if ((bindDN === undefined) !== (bindPassword === undefined))
    refuse(bindDN === undefined ? 'bindPassword' : 'bindDN', messages.bindTogether());
});

const github = object({
  organization: field(anyText('NAME'), { description: 'whose members they are' }),
  teams: field(list(messages.teamNames()).prefault([]), {
    description: 'only the members of these teams and the teams below them, by slug; everyone unless given',
  }),
  apiURL: field(webAddress().prefault('https://api.github.com'), {
    description: "address of the API; Enterprise Server's is https://HOST/api/v3",
  }),
  token: field(secretReference().optional(), {
    description: 'a token of a member of the organization, with read:org or Members: read',
  }),
  app: field(
    object({
      id: field(anyText('ID'), { description: "the App's id, in quotes" }),
      installation: field(anyText('ID'), { description: 'id of its installation in the organization, in quotes' }),
      privateKey: field(secretReference(), { description: 'its private key (PEM)' }),
    }).optional(),
    { description: 'a GitHub App, in place of token' },
  ),
}).superRefine(({ apiURL, token, app }, { issues }) => {
  if (apiURL.search !== '') issues.push({ ...customIssue(messages.hasQuery(), undefined), path: ['apiURL'] });
  if (onlyOne({ token, app })) return;
  issues.push(customIssue(messages.exactlyOne({ first: 'token', last: 'app' }), undefined));
});

export const directoryFields = object({
  poolc: field(poolcFields.optional(), { description: 'the PoolC API' }),
  file: field(file.optional(), { description: 'a list in a file, a ConfigMap or a Secret' }),
  http: field(http.optional(), { description: 'any JSON API' }),
  ldap: field(ldap.optional(), { description: 'OpenLDAP, FreeIPA or Active Directory' }),
  github: field(github.optional(), { description: 'an organization on GitHub, or teams of it' }),
}).transform((given, { issues, value }) => {
  if (onlyOne(given)) {
    if (given.poolc !== undefined) return { kind: 'poolc' as const, ...given.poolc };
    if (given.file !== undefined) return { kind: 'file' as const, ...given.file };
    if (given.http !== undefined) return { kind: 'http' as const, ...given.http };
    if (given.ldap !== undefined) return { kind: 'ldap' as const, ...given.ldap };
    if (given.github !== undefined) return { kind: 'github' as const, ...given.github };
  }
  issues.push(customIssue(messages.oneDirectory(), value));
  return z.NEVER;
});
