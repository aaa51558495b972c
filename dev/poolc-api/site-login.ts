/** Logging in to the club's site: passwords, and the JWT that the site gives for one. */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Member, PoolcDatabase } from './database.ts';

const deriveKey = promisify<string, Buffer, number, Buffer>(scrypt);

export interface SiteLoginOptions {
  database: PoolcDatabase;
  /** Seconds that a site JWT is good for. */
  sessionSeconds: number;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export type SiteLogin = ReturnType<typeof siteLogin>;

export function siteLogin({ database, sessionSeconds, now }: SiteLoginOptions) {
  const secret = database.siteSecret();
  const signingKey = createHmac('sha256', secret).update('site JWT').digest();

  /**
   * The password of a member who was given none by name. Derived, not stored: seeding 50,000 members hashes nothing, and
   * a server started again on its data file can say the same passwords again.
   */
  function initialPassword(uuid: string): string {
    return createHmac('sha256', secret).update(`initial password ${uuid}`).digest('base64url').slice(0, 16);
  }

  return {
    initialPassword,

    /** The member with this login id, exactly as written, and this password; undefined when either is wrong. */
    async memberFor(loginId: string, password: string): Promise<Member | undefined> {
      const member = database.memberByLoginId(loginId);
      if (member === undefined) return undefined;
      const chosen = database.chosenPassword(member.uuid);
      const right =
        chosen === undefined ? equalTexts(password, initialPassword(member.uuid)) : await matchesHash(password, chosen);
      return right ? member : undefined;
    },

    issue(uuid: string): Promise<string> {
      const issuedAt = Math.floor(now() / 1_000);
      return new SignJWT()
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(uuid)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + sessionSeconds)
        .sign(signingKey);
    },

    /** Who sent this Authorization header; undefined when it is missing, not our JWT, expired, or its member gone. */
    async memberOf(authorization: string | undefined): Promise<Member | undefined> {
      const jwt = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (jwt === undefined) return undefined;
      try {
        const { payload } = await jwtVerify(jwt, signingKey, { algorithms: ['HS256'], currentDate: new Date(now()) });
        return payload.sub === undefined ? undefined : database.member(payload.sub);
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

/** A password as the data file keeps it: salt and scrypt hash. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString('hex')}:${(await deriveKey(password, salt, 32)).toString('hex')}`;
}

async function matchesHash(password: string, stored: string): Promise<boolean> {
  const [salt = '', hash = ''] = stored.split(':');
  return timingSafeEqual(await deriveKey(password, Buffer.from(salt, 'hex'), 32), Buffer.from(hash, 'hex'));
}

/** Compares in a time that says nothing about where two texts differ. */
export function equalTexts(left: string, right: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
