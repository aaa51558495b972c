/** What directories are called where an operator is told to look at them. */
import type { Message } from '../message.ts';

export const directoryMessages = {
  poolc: (): Message => ({
    en: 'the directory (GET /kubernetes/ of the PoolC API)',
    ko: '명부(PoolC API의 GET /kubernetes/)',
  }),
  at: ({ where }: { where: string }): Message => ({ en: `the directory (${where})`, ko: `명부(${where})` }),
  within: ({ where, host }: { where: string; host: string }): Message => ({
    en: `the directory (${where} on ${host})`,
    ko: `명부(${host}의 ${where})`,
  }),
  members: ({ organization, host }: { organization: string; host: string }): Message => ({
    en: `the members of ${organization} on ${host}`,
    ko: `${host}의 ${organization} 조직 회원`,
  }),
  teams: ({ organization, host }: { organization: string; host: string }): Message => ({
    en: `the teams of ${organization} on ${host}`,
    ko: `${host}의 ${organization} 조직 팀`,
  }),
};
