/** A real LDAP server (OpenLDAP's slapd, from Debian) on loopback, with its own data, certificate and rules, for tests. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'ldapts';
import { createCertificateAuthority } from '../control-plane/certificates.ts';
import { freePort } from '../control-plane/daemon.ts';
import { type SupervisedProcess, startSupervisor } from '../control-plane/supervisor/index.ts';

const program = '/usr/sbin/slapd';
export const suffix = 'dc=example,dc=org';
const admin = { dn: `cn=admin,${suffix}`, password: 'the-password-of-the-administrator' };
export const reader = { dn: `cn=reader,${suffix}`, password: 'the-password-of-the-reader' };

export interface SlapdOptions {
  /** LDIF below the suffix, whose own entry and the reader's are there already. */
  readonly ldif: string;
  /** Access rules that come before "the reader may read everything". */
  readonly access?: readonly string[];
  /** How many entries a search may return in all; unlimited unless given. */
  readonly sizeLimit?: number;
}

export interface Slapd extends AsyncDisposable {
  /** ldap://, for StartTLS. */
  readonly plainUrl: URL;
  /** ldaps:// */
  readonly url: URL;
  /** PEM of the CA that signed its certificate. */
  readonly authority: string;
  /** While it runs. */
  addPerson(uid: string): Promise<void>;
  removePerson(uid: string): Promise<void>;
  /** Stops the server, and starts it again with the same data. */
  restart(): Promise<void>;
  stopServer(): Promise<void>;
}

export async function startSlapd({ ldif, access = [], sizeLimit }: SlapdOptions): Promise<Slapd> {
  const supervisor = await startSupervisor({ directory: { kind: 'temporary', prefix: 'pks-ldap-' } });
  const { directory } = supervisor;
  const authority = await createCertificateAuthority('LDAP test');
  const { certificate, key } = await authority.issue({ commonName: 'localhost', hosts: ['localhost', '127.0.0.1'] });
  mkdirSync(join(directory, 'data'));
  const write = (name: string, text: string) => {
    const file = join(directory, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const schemas = ['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`);
  const configuration = write(
    'slapd.conf',
    [
      ...schemas,
      `include ${write('directory.schema', extraSchema)}`,
      `pidfile ${join(directory, 'slapd.pid')}`,
      'modulepath /usr/lib/ldap',
      'moduleload back_mdb',
      `TLSCACertificateFile ${write('ca.crt', authority.certificate)}`,
      `TLSCertificateFile ${write('server.crt', certificate)}`,
      `TLSCertificateKeyFile ${write('server.key', key)}`,
      `sizelimit size.soft=500 size.hard=500 size.pr=1000 size.prtotal=${sizeLimit ?? 'unlimited'}`,
      'database mdb',
      `suffix "${suffix}"`,
      `rootdn "${admin.dn}"`,
      `rootpw ${admin.password}`,
      `directory ${join(directory, 'data')}`,
      'maxsize 67108864',
      'dbnosync',
      'access to attrs=userPassword by anonymous auth by * none',
      ...access,
      `access to * by dn.exact="${reader.dn}" read by * none`,
      '',
    ].join('\n'),
  );
  await promisify(execFile)('/usr/sbin/slapadd', ['-f', configuration, '-l', write('data.ldif', rootEntries + ldif)]);
  const [plainPort, securePort] = [await freePort(), await freePort()];
  let server: SupervisedProcess | undefined;
  const startServer = async () => {
    const started = await supervisor.spawn({
      command: [
        program,
        '-f',
        configuration,
        '-h',
        `ldap://127.0.0.1:${plainPort}/ ldaps://127.0.0.1:${securePort}/`,
        '-d',
        '0',
      ],
      logFile: join(directory, 'slapd.log'),
    });
    server = started;
    for (let attempt = 0; !(await listens(securePort)); attempt++) {
      if (started.hasExited() || attempt > 200) throw new Error(`slapd did not start; see ${directory}/slapd.log`);
      await sleep(50);
    }
  };
  const stopServer = async () => {
    server?.signal('SIGTERM');
    await server?.exited;
  };
  await startServer();
  const plainUrl = new URL(`ldap://127.0.0.1:${plainPort}`);
  const asAdmin = async (change: (client: Client) => Promise<void>) => {
    const client = new Client({ url: plainUrl.href });
    await client.bind(admin.dn, admin.password);
    await change(client);
    await client.unbind();
  };
  return {
    addPerson: (uid) => asAdmin((client) => client.add(personDN(uid), attributesOf(uid))),
    removePerson: (uid) => asAdmin((client) => client.del(personDN(uid))),
    plainUrl,
    url: new URL(`ldaps://localhost:${securePort}`),
    authority: authority.certificate,
    stopServer,
    restart: async () => {
      await stopServer();
      await startServer();
    },
    [Symbol.asyncDispose]: () => supervisor.stop(),
  };
}

async function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  const does = await promise;
  socket.destroy();
  return does;
}

/** Attributes of FreeIPA and Active Directory that slapd does not know by itself. */
const extraSchema = `
attributetype ( 1.3.6.1.4.1.99999.1 NAME 'objectGUID' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.2 NAME 'userAccountControl' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.3 NAME 'nsAccountLock' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.4 NAME 'sshPublicKey' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.3.6.1.4.1.99999.7 NAME 'ipaSshPubKey' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.3.6.1.4.1.99999.5 NAME 'primaryGroupID' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.6 NAME 'primaryGroupToken' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.99999.10 NAME 'extraPerson' SUP top AUXILIARY MAY ( objectGUID $ userAccountControl $ nsAccountLock $ sshPublicKey $ ipaSshPubKey $ primaryGroupID ) )
objectclass ( 1.3.6.1.4.1.99999.11 NAME 'extraGroup' SUP top AUXILIARY MAY ( primaryGroupToken ) )
objectclass ( 1.3.6.1.4.1.99999.12 NAME 'extraMembers' SUP top AUXILIARY MAY ( member ) )
`;

const rootEntries = `dn: ${suffix}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,${suffix}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${suffix}
objectClass: organizationalUnit
ou: groups

dn: ${reader.dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ${reader.password}

`;

const attributesOf = (uid: string) => ({ objectClass: ['inetOrgPerson', 'extraPerson'], uid, cn: uid, sn: uid });

/** A person's entry. @param more lines of LDIF */
export function person(uid: string, ...more: readonly string[]): string {
  const attributes = Object.entries(attributesOf(uid)).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}`),
  );
  const lines = [`dn: ${personDN(uid)}`, ...attributes, ...more];
  return `${lines.join('\n')}\n\n`;
}

/** A group of DNs. */
export function group(cn: string, members: readonly string[], ...more: readonly string[]): string {
  const lines = [
    `dn: cn=${cn},ou=groups,${suffix}`,
    'objectClass: groupOfNames',
    'objectClass: extraGroup',
    `cn: ${cn}`,
    ...members.map((member) => `member: ${member}`),
    ...more,
  ];
  return `${lines.join('\n')}\n\n`;
}

export const personDN = (uid: string): string => `uid=${uid},ou=people,${suffix}`;
export const groupDN = (cn: string): string => `cn=${cn},ou=groups,${suffix}`;
