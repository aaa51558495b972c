/** What any part of the program may have to say. */
import type { Message } from '../message.ts';

export const generalMessages = {
  unexpected: ({ error }: { error: string }): Message => ({
    en: `an unexpected error: ${error}`,
    ko: `예상하지 못한 오류가 났습니다: ${error}`,
  }),
  reportBug: (): Message => ({
    en: 'this is a bug in credentials-updater; please report it with this message',
    ko: 'credentials-updater의 버그입니다. 이 메시지와 함께 알려 주세요',
  }),
  listed: ({ shown, separator, more }: { shown: Message; separator: string; more: number }): Message => ({
    en: `${shown.en}${separator}… ${more} more`,
    ko: `${shown.ko}${separator}… 외 ${more}개`,
  }),
  whatToDo: (): Message => ({ en: 'what to do:', ko: '할 일:' }),
  fileExists: ({ file }: { file: string }): Message => ({
    en: `${file} exists already; nothing was changed in it`,
    ko: `${file} 파일이 이미 있습니다. 아무것도 바꾸지 않았습니다`,
  }),
  fileIsLocked: ({ file, lock }: { file: string; lock: string }): Message => ({
    en: `${file} is being changed by someone else (${lock} exists); nothing was changed`,
    ko: `다른 프로그램이 ${file} 파일을 바꾸는 중입니다(${lock} 파일이 있습니다). 아무것도 바꾸지 않았습니다`,
  }),
  deleteLock: ({ lock }: { lock: string }): Message => ({
    en: `try again; if no kubectl is at work, delete ${lock}`,
    ko: `다시 실행해 보세요. 실행 중인 kubectl이 없다면 ${lock} 파일을 지우세요`,
  }),
  fileCannotBeRead: ({ file, code }: { file: string; code: string }): Message => ({
    en: `${file} can't be read (${code})`,
    ko: `${file} 파일을 읽을 수 없습니다(${code})`,
  }),
  fileCannotBeWritten: ({ file, code }: { file: string; code: string }): Message => ({
    en: `${file} can't be written (${code})`,
    ko: `${file} 파일에 쓸 수 없습니다(${code})`,
  }),
};
