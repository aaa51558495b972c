/** Settings that are missing, or can't be used. */
import { en, ko, type Message, type Text } from '../message.ts';

export const apiKeyMessages = {
  noEndpoint: (): Message => ({
    en: 'POOLC_API_ENDPOINT is not set: the address of the PoolC API is needed',
    ko: 'POOLC_API_ENDPOINT를 설정하지 않았습니다. PoolC API의 주소가 필요합니다',
  }),
  setEndpoint: ({ flag }: { flag: string }): Message => ({
    en: `set it in the environment or give ${flag} https://…`,
    ko: `환경 변수로 설정하거나 ${flag} https://…를 쓰세요`,
  }),
  variable: ({ variable, field }: { variable: string; field: string }): Message => ({
    en: `the variable ${variable}, which ${field} names,`,
    ko: `${field}에 적힌 환경 변수 ${variable}`,
  }),
  secret: ({ secret, field }: { secret: string; field: string }): Message => ({
    en: `the Secret ${secret}, which ${field} names,`,
    ko: `${field}에 적힌 Secret ${secret}`,
  }),
  place: ({ variable }: { variable: string }): Message => ({
    en: `the variable ${variable}`,
    ko: `환경 변수 ${variable}`,
  }),
  keyFile: ({ path }: { path: string }): Message => ({
    en: `the API key file ${path}`,
    ko: `API 키 파일 ${path}`,
  }),
  keyFileNamedBy: ({ setting }: { setting: string }): Message => ({
    en: `the API key file that ${setting} names`,
    ko: `${setting}에 적힌 API 키 파일`,
  }),
  isNotSet: ({ what }: { what: Message }): Message => ({
    en: `${what.en} is not set`,
    ko: `${what.ko}: 설정되어 있지 않습니다`,
  }),
  doesNotExist: ({ what }: { what: Message }): Message => ({
    en: `${what.en} does not exist`,
    ko: `${what.ko}: 없습니다`,
  }),
  isDirectory: ({ what }: { what: Message }): Message => ({
    en: `${what.en} is a directory`,
    ko: `${what.ko}: 파일이 아니라 폴더입니다`,
  }),
  unreadable: ({ what, code }: { what: Message; code: string }): Message => ({
    en: `${what.en} can't be read (${code})`,
    ko: `${what.ko}: 읽을 수 없습니다(${code})`,
  }),
  isEmpty: ({ what }: { what: Text }): Message => ({ en: `${en(what)} is empty`, ko: `${ko(what)}: 비어 있습니다` }),
  unsendable: ({ what }: { what: Text }): Message => ({
    en: `${en(what)} holds characters that no HTTP header can carry (a space, a line break or non-ASCII)`,
    ko: `${ko(what)}: HTTP 헤더에 쓸 수 없는 문자가 있습니다(공백, 줄바꿈, ASCII가 아닌 문자)`,
  }),
  mustHoldKey: (): Message => ({ en: 'it must hold the key', ko: '키가 들어 있어야 합니다' }),
  mustHoldKeyAlone: (): Message => ({
    en: 'it must hold the key and nothing else',
    ko: '키만 들어 있어야 합니다',
  }),
  namedBy: ({ field }: { field: string }): Message => ({ en: `${field} names it`, ko: `${field}에 적힌 파일입니다` }),
  mountedKey: (): Message => ({
    en: 'it is mounted from the Secret credentials-updater-secret; name another file with POOLC_API_KEY_FILE',
    ko: '파드에서는 Secret credentials-updater-secret을 마운트한 파일입니다. 다른 파일은 POOLC_API_KEY_FILE로 지정하세요',
  }),
  otherDirectory: ({ kind }: { kind: string }): Message => ({
    en: `the directory ${kind} has neither an endpoint nor an API key`,
    ko: `명부 ${kind}에는 주소도 API 키도 없습니다`,
  }),
  notInFile: (): Message => ({
    en: 'the API key is not in a file, and only the controller reads Secrets of the cluster',
    ko: 'API 키가 파일에 있지 않습니다. 클러스터의 Secret은 controller만 읽습니다',
  }),
};

/** What is needed in the place of a value. */
export const valueMessages = {
  otherShape: (): Message => ({ en: 'it has another shape', ko: '형식이 다릅니다' }),
  text: (): Message => ({ en: 'a text is needed', ko: '문자열이 필요합니다' }),
  exactly: ({ wanted }: { wanted: string }): Message => ({
    en: `${wanted} is needed`,
    ko: `${wanted} 값이어야 합니다`,
  }),
  variableName: (): Message => ({
    en: "a variable's name of A-Z, 0-9 and _ is needed, not its value",
    ko: '값이 아니라 환경 변수의 이름(A-Z, 0-9, _)이 필요합니다',
  }),
  yesOrNo: (): Message => ({ en: 'true or false is needed', ko: 'true나 false여야 합니다' }),
  count: ({ least, most }: { least: number; most: number }): Message => ({
    en: `a whole number from ${least} to ${most} is needed`,
    ko: `${least}부터 ${most}까지의 정수가 필요합니다`,
  }),
  duration: ({ least, most }: { least: Message; most: Message }): Message => ({
    en: `a duration from ${least.en} to ${most.en}, such as 7d, 12h or 90m, is needed`,
    ko: `7d, 12h, 90m처럼 ${least.ko}부터 ${most.ko}까지의 기간이 필요합니다`,
  }),
  list: ({ of }: { of: Message }): Message => ({
    en: `a list of ${of.en} is needed`,
    ko: `${of.ko} 목록이 필요합니다`,
  }),
  namespaces: (): Message => ({ en: 'namespaces', ko: '네임스페이스' }),
  audiences: (): Message => ({ en: 'audiences', ko: 'audience(대상)' }),
  addresses: (): Message => ({ en: 'addresses or CIDR ranges', ko: '주소나 CIDR 범위' }),
  teamNames: (): Message => ({ en: 'team names', ko: '팀 이름' }),
  distinguishedNames: (): Message => ({ en: 'DNs', ko: 'DN(고유 이름)' }),
  oneOf: ({ choices }: { choices: readonly string[] }): Message => ({
    en: `one of ${choices.join(', ')} is needed`,
    ko: `${choices.join(', ')} 중 하나여야 합니다`,
  }),
  namespace: (): Message => ({
    en: 'the name of a namespace (a-z, 0-9 and hyphens, at most 63 characters) is needed',
    ko: '네임스페이스 이름(a-z, 0-9, 하이픈, 최대 63자)이 필요합니다',
  }),
  apiServer: (): Message => ({
    en: 'an address such as https://pks.example.org:6443 is needed',
    ko: 'https://pks.example.org:6443 같은 주소가 필요합니다',
  }),
  webAddress: (): Message => ({
    en: 'an address such as https://example.org/members is needed',
    ko: 'https://example.org/members 같은 주소가 필요합니다',
  }),
  hasFragment: (): Message => ({ en: 'it has a fragment', ko: '주소에 #이 들어 있습니다' }),
  inTheClear: (): Message => ({
    en: 'plain http would send what it holds in the clear; use https (http is for loopback only)',
    ko: 'http로 보내면 암호화되지 않습니다. https를 쓰세요(http는 이 컴퓨터 안에서만 쓸 수 있습니다)',
  }),
  nameTemplate: (): Message => ({
    en: 'a name of a-z, 0-9, dots and hyphens with {account} in it once is needed',
    ko: 'a-z, 0-9, 점, 하이픈으로 된 이름이며 {account}가 한 번 들어 있어야 합니다',
  }),
  objectName: (): Message => ({
    en: 'a name of a-z, 0-9 and hyphens, at most 63 characters, is needed',
    ko: '이름(a-z, 0-9, 하이픈, 최대 63자)이 필요합니다',
  }),
  quantity: (): Message => ({
    en: 'a quantity such as 20, 500m or 8Gi is needed',
    ko: '20, 500m, 8Gi 같은 수량이 필요합니다',
  }),
  fields: (): Message => ({
    en: 'fields are needed, each with its name',
    ko: '이름이 있는 필드들이 필요합니다',
  }),
  headerName: (): Message => ({ en: 'a name of a header is needed', ko: '헤더 이름이 필요합니다' }),
  exactlyOne: ({ first, last }: { first: string; last: string }): Message => ({
    en: `exactly one of ${first} and ${last} is needed`,
    ko: `${first}, ${last} 중 하나만 필요합니다`,
  }),
  oneDelivery: (): Message => ({
    en: 'exactly one delivery is needed: poolc, secrets, files or none',
    ko: '전달 방법이 하나만 필요합니다: poolc, secrets, files, none',
  }),
  oneDirectory: (): Message => ({
    en: 'exactly one directory is needed: poolc, file, http, ldap or github',
    ko: '명부가 하나만 필요합니다: poolc, file, http, ldap, github',
  }),
  ldapAddress: (): Message => ({
    en: 'an address such as ldaps://ldap.example.org is needed',
    ko: 'ldaps://ldap.example.org 같은 주소가 필요합니다',
  }),
  ldapsIsTls: (): Message => ({
    en: 'ldaps is TLS from the beginning',
    ko: 'ldaps는 처음부터 TLS를 씁니다',
  }),
  plainLdap: (): Message => ({
    en: 'plain ldap would send the password in the clear; use ldaps, or startTLS: true',
    ko: 'ldap으로 보내면 비밀번호가 암호화되지 않습니다. ldaps를 쓰거나 startTLS: true로 설정하세요',
  }),
  bindTogether: (): Message => ({
    en: 'bindDN and bindPassword are needed together',
    ko: 'bindDN과 bindPassword가 함께 필요합니다',
  }),
  hasQuery: (): Message => ({
    en: 'it has a query; the address of the API itself is needed',
    ko: '주소에 ?가 들어 있습니다. API 자체의 주소가 필요합니다',
  }),
  bothTimes: (): Message => ({
    en: 'there is a schedule too, and only one of the two can say when runs happen',
    ko: 'schedule도 있습니다. 실행 시각은 둘 중 하나로만 정할 수 있습니다',
  }),
  renewBefore: (): Message => ({
    en: 'a token must be renewed after a part of its life, so less than lifetime is needed',
    ko: '토큰은 수명이 다하기 전에 갱신해야 하므로 lifetime보다 작아야 합니다',
  }),
  secretsApart: ({ namespace }: { namespace: string }): Message => ({
    en: `the accounts are in ${namespace}, where a Secret can make a token that never expires; another namespace is needed`,
    ko: `계정이 있는 네임스페이스(${namespace})에서는 Secret으로 만료되지 않는 토큰을 만들 수 있습니다. 다른 네임스페이스가 필요합니다`,
  }),
  samePoolc: (): Message => ({
    en: 'spec.delivery.poolc must be the same as spec.directory.poolc: the PoolC API knows its own members only',
    ko: 'spec.delivery.poolc는 spec.directory.poolc와 같아야 합니다. PoolC API는 자기 회원만 압니다',
  }),
};

export const settingMessages = {
  unusable: ({ given, why }: { given: string; why: Text }): Message => ({
    en: `${given} can't be used: ${en(why)}`,
    ko: `${given}: 쓸 수 없습니다. ${ko(why)}`,
  }),
  whole: (): Message => ({ en: 'the object', ko: '오브젝트 전체' }),
  notWithFile: ({ origin }: { origin: string }): Message => ({
    en: `${origin} can't be given together with -f, which says everything but the process`,
    ko: `${origin}: -f와 함께 쓸 수 없습니다. -f의 파일이 이 설정을 정합니다`,
  }),
  writeInFile: ({ field, file, variable }: { field: string; file: string; variable: string | undefined }): Message => ({
    en: `write ${field} in ${file}${variable === undefined ? '' : `, and unset ${variable}`}`,
    ko: `${file} 파일에 ${field} 필드를 쓰세요${variable === undefined ? '' : `. 환경 변수 ${variable}: 지우세요`}`,
  }),
  explainWithKubectl: ({ path }: { path: string }): Message => ({
    en: `\`kubectl explain msync.${path}\` says what it is`,
    ko: `\`kubectl explain msync.${path}\`로 설명을 볼 수 있습니다`,
  }),
  suspended: (): Message => ({
    en: 'spec.suspend is true, so nothing was changed',
    ko: 'spec.suspend가 true여서 아무것도 바꾸지 않았습니다',
  }),
  resume: ({ where }: { where: string | undefined }): Message => ({
    en: `set it to false in ${where ?? 'the MemberSync'}; plan shows what a sync would do`,
    ko: `${where ?? 'MemberSync'}에서 false로 바꾸세요. sync가 무엇을 할지는 plan으로 볼 수 있습니다`,
  }),

  secretEmpty: ({ field }: { field: string }): Message => ({
    en: `what ${field} names is empty`,
    ko: `${field}: 가리키는 값이 비어 있습니다`,
  }),
  mustHoldSecret: (): Message => ({ en: 'it must hold the secret', ko: '비밀 값이 들어 있어야 합니다' }),
  noCertificate: ({ field }: { field: string }): Message => ({
    en: `what ${field} names holds no certificate in PEM`,
    ko: `${field}: 가리키는 값에 PEM 인증서가 없습니다`,
  }),
  pemBegins: (): Message => ({
    en: 'it begins with -----BEGIN CERTIFICATE-----',
    ko: '-----BEGIN CERTIFICATE-----로 시작해야 합니다',
  }),
  variableNotSet: ({ variable, field }: { variable: string; field: string }): Message => ({
    en: `the variable ${variable}, which ${field} names, is not set`,
    ko: `${field}에 적힌 환경 변수 ${variable}: 설정되어 있지 않습니다`,
  }),
  fileUnreadable: ({ file, field, code }: { file: string; field: string; code: string }): Message => ({
    en: `the file ${file}, which ${field} names, can't be read (${code})`,
    ko: `${field}에 적힌 파일 ${file}: 읽을 수 없습니다(${code})`,
  }),
  controllerReads: ({ field }: { field: string }): Message => ({
    en: `${field} can't be used with -f: only the controller reads Secrets of the cluster`,
    ko: `${field}: -f와 함께 쓸 수 없습니다. 클러스터의 Secret은 controller만 읽습니다`,
  }),
  controllerReadsBoth: ({ field }: { field: string }): Message => ({
    en: `${field} can't be used with -f: only the controller reads Secrets and ConfigMaps of the cluster`,
    ko: `${field}: -f와 함께 쓸 수 없습니다. 클러스터의 Secret과 ConfigMap은 controller만 읽습니다`,
  }),
  giveFile: (): Message => ({
    en: 'give the path of a file, or {file: PATH} or {env: NAME} for a secret',
    ko: '파일 경로를 쓰세요. 비밀 값은 {file: 경로}나 {env: 이름}으로 쓰세요',
  }),
  cannotBeRead: ({ field }: { field: string }): Message => ({
    en: `${field} can't be read`,
    ko: `${field}: 읽을 수 없습니다`,
  }),
};
