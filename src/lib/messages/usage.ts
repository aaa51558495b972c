/** A command line that can't be read, and questions before something is done. */
import type { Message } from '../message.ts';

export const usageMessages = {
  /** @param nearest the flag that was meant, maybe */
  unknownFlag: ({ flag, nearest }: { flag: string; nearest: string | undefined }): Message => ({
    en: `unknown option '${flag}'${nearest === undefined ? '' : ` (Did you mean ${nearest}?)`}`,
    ko: `알 수 없는 플래그 '${flag}'${nearest === undefined ? '' : ` (혹시 ${nearest}인가요?)`}`,
  }),
  unknownCommand: ({ command, nearest }: { command: string; nearest: string | undefined }): Message => ({
    en: `unknown command '${command}'${nearest === undefined ? '' : ` (Did you mean ${nearest}?)`}`,
    ko: `알 수 없는 명령 '${command}'${nearest === undefined ? '' : ` (혹시 ${nearest}인가요?)`}`,
  }),
  missingArgument: ({ argument }: { argument: string }): Message => ({
    en: `missing required argument '${argument}'`,
    ko: `인자 '${argument}'가 필요합니다`,
  }),
  missingValue: ({ flag }: { flag: string }): Message => ({
    en: `option '${flag}' argument missing`,
    ko: `플래그 '${flag}'에 값이 필요합니다`,
  }),
  noSuchCommand: (): Message => ({ en: 'there is no such command', ko: '그런 명령은 없습니다' }),
  needsPart: ({ command, parts }: { command: string; parts: string }): Message => ({
    en: `${command} needs one of: ${parts}`,
    ko: `${command} 뒤에 다음 중 하나가 필요합니다: ${parts}`,
  }),
  commandHelp: ({ command }: { command: string }): Message => ({
    en: `\`credentials-updater ${command} --help\` shows its flags, with examples`,
    ko: `\`credentials-updater ${command} --help\`로 플래그와 예제를 볼 수 있습니다`,
  }),
  programHelp: (): Message => ({
    en: '`credentials-updater --help` shows the commands',
    ko: '`credentials-updater --help`로 명령을 볼 수 있습니다',
  }),
  environmentAlone: ({ setting }: { setting: string }): Message => ({
    en: `${setting} is a credential, and is read from the environment alone`,
    ko: `${setting} 설정은 비밀 값이어서 환경 변수로만 읽습니다`,
  }),
  notConfirmed: (): Message => ({
    en: 'not confirmed; nothing was changed',
    ko: '확인하지 않아 아무것도 바꾸지 않았습니다',
  }),
  stoppedAtQuestion: (): Message => ({
    en: 'stopped at the question; nothing was changed',
    ko: '질문에서 중단되어 아무것도 바꾸지 않았습니다',
  }),
};
