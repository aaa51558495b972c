/** A MemberSync in a file: what is wrong in it, and where. */
import { en, ko, type Message, type Text } from '../message.ts';

export const documentMessages = {
  giveOne: (): Message => ({
    en: 'give -f the file of a MemberSync; `credentials-updater explain` shows its fields',
    ko: '-f에는 MemberSync 파일을 쓰세요. 필드는 `credentials-updater explain`으로 볼 수 있습니다',
  }),
  missingFile: ({ file }: { file: string }): Message => ({
    en: `the file ${file} does not exist`,
    ko: `${file} 파일이 없습니다`,
  }),
  isDirectory: ({ file }: { file: string }): Message => ({
    en: `the file ${file} is a directory`,
    ko: `${file}: 파일이 아니라 폴더입니다`,
  }),
  unreadable: ({ file, code }: { file: string; code: string }): Message => ({
    en: `the file ${file} can't be read (${code})`,
    ko: `${file} 파일을 읽을 수 없습니다(${code})`,
  }),
  tooLong: ({ file }: { file: string }): Message => ({
    en: `the file ${file} is too long for a MemberSync`,
    ko: `${file} 파일이 MemberSync라기에는 너무 깁니다`,
  }),
  notText: ({ file }: { file: string }): Message => ({
    en: `the file ${file} is not UTF-8 text`,
    ko: `${file} 파일이 UTF-8 텍스트가 아닙니다`,
  }),
  notOne: ({ why }: { why: Text }): Message => ({
    en: `this is not one YAML or JSON document: ${en(why)}`,
    ko: `YAML이나 JSON 문서 하나가 아닙니다: ${ko(why)}`,
  }),
  several: (): Message => ({ en: 'it has more than one document', ko: '문서가 여러 개 있습니다' }),
  fileEach: (): Message => ({
    en: 'give each MemberSync a file of its own',
    ko: 'MemberSync마다 파일을 따로 두세요',
  }),
  indentation: (): Message => ({
    en: 'are indentation and quotes as you meant them?',
    ko: '들여쓰기와 따옴표가 맞는지 확인하세요',
  }),
  nameNotText: (): Message => ({ en: "a field's name must be a text", ko: '필드 이름은 문자열이어야 합니다' }),
  aliases: ({ file }: { file: string }): Message => ({
    en: `${file}: its aliases can't be resolved`,
    ko: `${file}: 별칭(alias)을 풀 수 없습니다`,
  }),
  writeOut: (): Message => ({
    en: 'write out what *NAME stands for',
    ko: '*NAME이 가리키는 내용을 그대로 쓰세요',
  }),
  noFields: (): Message => ({
    en: 'this is not a MemberSync: it has no fields',
    ko: 'MemberSync가 아닙니다. 필드가 없습니다',
  }),
  explainShows: (): Message => ({
    en: '`credentials-updater explain` shows them',
    ko: '`credentials-updater explain`으로 볼 수 있습니다',
  }),
  noValue: ({ name }: { name: string }): Message => ({ en: `${name} has no value`, ko: `${name}: 값이 없습니다` }),
  giveValue: (): Message => ({
    en: 'give it one, or leave the line out; nothing is {}',
    ko: '값을 쓰거나 그 줄을 지우세요. 빈 값은 {}로 씁니다',
  }),
  unknownField: ({ field, meant }: { field: string; meant: string | undefined }): Message => ({
    en: `${field} is not a field of a MemberSync${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    ko: `${field}: MemberSync에 없는 필드입니다${meant === undefined ? '' : `. 혹시 ${meant}인가요?`}`,
  }),
  hasFields: ({ where, fields }: { where: string | undefined; fields: string }): Message => ({
    en: `${where ?? 'it'} has the fields ${fields}`,
    ko: `${where ?? '이 문서'}에 있는 필드: ${fields}`,
  }),
  lacks: ({ where, name }: { where: string | undefined; name: string }): Message => ({
    en: `${where ?? 'the document'} has no ${name}, which it needs`,
    ko: `${where ?? '이 문서'}에 ${name} 필드가 필요합니다`,
  }),
  explainField: ({ path }: { path: string }): Message => ({
    en: `\`credentials-updater explain ${path}\` says what it is`,
    ko: `\`credentials-updater explain ${path}\`로 설명을 볼 수 있습니다`,
  }),
};
