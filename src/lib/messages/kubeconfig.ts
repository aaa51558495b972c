/** A kubeconfig that an entry can't go into as it is. */
import { en, ko, type Message, type Text } from '../message.ts';

interface Entry {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly what: Message;
}

export const kubeconfigMessages = {
  conflict: ({ file, kind, name, what }: Entry): Message => ({
    en: `${file} has a ${kind} "${name}" already, ${what.en}; nothing was changed in it`,
    ko: `${file}: 이름이 "${name}"인 ${kind} 항목이 이미 있습니다(${what.ko}). 파일을 바꾸지 않았습니다`,
  }),
  renameOrReplace: (): Message => ({
    en: 'give yours another name with --name NAME, or replace that entry with --replace',
    ko: '--name NAME으로 다른 이름을 붙이거나 --replace로 그 항목을 바꾸세요',
  }),
  orMerge: (): Message => ({
    en: 'name another file, or add --merge to put the new entries into this one, keeping all that is in it',
    ko: '다른 파일을 지정하거나 --merge를 붙여 이 파일의 내용은 그대로 두고 새 항목만 넣으세요',
  }),
  otherAddress: ({ server }: { server: string }): Message => ({
    en: `at another address (${server})`,
    ko: `주소가 다름: ${server}`,
  }),
  otherCredential: ({ field }: { field: string }): Message => ({
    en: `with a credential of another kind (${field})`,
    ko: `인증 방식이 다름: ${field}`,
  }),
  otherContext: (): Message => ({ en: 'of another cluster or user', ko: '다른 클러스터나 사용자의 것' }),
  malformed: ({ file, why }: { file: string; why: Text }): Message => ({
    en: `${file} is not a kubeconfig: ${en(why)}; nothing was changed in it`,
    ko: `${file}: kubeconfig가 아닙니다(${ko(why)}). 파일을 바꾸지 않았습니다`,
  }),
  doesKubectlReadIt: (): Message => ({
    en: 'does kubectl read it? Otherwise name another file',
    ko: 'kubectl은 이 파일을 읽나요? 아니라면 다른 파일을 지정하세요',
  }),
  notYaml: (): Message => ({ en: 'it is not YAML', ko: 'YAML이 아닙니다' }),
  notMapping: (): Message => ({
    en: 'it is not a mapping of clusters, users and contexts',
    ko: 'clusters, users, contexts가 있는 매핑이 아닙니다',
  }),
  itemNotMapping: ({ list }: { list: string }): Message => ({
    en: `an item of ${list} is not a mapping`,
    ko: `${list}에 매핑이 아닌 항목이 있습니다`,
  }),
  notList: ({ key }: { key: string }): Message => ({ en: `${key} is not a list`, ko: `${key}: 목록이 아닙니다` }),
  fieldNotMapping: ({ key, where }: { key: string; where: string }): Message => ({
    en: `${key} in ${where} is not a mapping`,
    ko: `${where}의 ${key}: 매핑이 아닙니다`,
  }),
};
