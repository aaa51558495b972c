/** A kubeconfig that can't be used as it is: what is wrong with it, and what to do. */
import { en, ko, type Message, type Text } from '../message.ts';

interface InFile {
  readonly file: string;
}

interface Named extends InFile {
  readonly name: string;
}

export const kubeconfigReading = {
  worksWithKubectl: (): Message => ({
    en: 'does kubectl work with this kubeconfig?',
    ko: '이 kubeconfig로 kubectl은 되는지 확인하세요',
  }),
  missing: ({ file }: InFile): Message => ({
    en: `the kubeconfig ${file} does not exist`,
    ko: `kubeconfig ${file}: 파일이 없습니다`,
  }),
  unreadable: ({ file }: InFile): Message => ({
    en: `the kubeconfig ${file} can't be read`,
    ko: `kubeconfig ${file}: 파일을 읽을 수 없습니다`,
  }),
  notYaml: ({ file }: InFile): Message => ({
    en: `the kubeconfig ${file} is not valid YAML`,
    ko: `kubeconfig ${file}: 올바른 YAML이 아닙니다`,
  }),
  notKubeconfig: ({ file }: InFile): Message => ({
    en: `the file ${file} is not a kubeconfig`,
    ko: `${file}: kubeconfig 파일이 아닙니다`,
  }),
  malformed: ({ file, where }: InFile & { where: string }): Message => ({
    en: `the kubeconfig ${file} is malformed at ${where}`,
    ko: `kubeconfig ${file}: 형식이 잘못되었습니다(${where})`,
  }),
  fieldTwice: ({ file, field }: InFile & { field: string }): Message => ({
    en: `the kubeconfig ${file} has both ${field} and ${field}-data`,
    ko: `kubeconfig ${file}: ${field} 필드와 ${field}-data 필드가 둘 다 있습니다`,
  }),
  removeOne: (): Message => ({
    en: 'kubectl refuses that too: remove one of them',
    ko: 'kubectl도 거부합니다. 둘 중 하나를 지우세요',
  }),
  namedFileUnreadable: ({ file, named }: InFile & { named: string }): Message => ({
    en: `the kubeconfig ${file} names ${named}, which can't be read`,
    ko: `kubeconfig ${file}: 여기에 적힌 ${named} 파일을 읽을 수 없습니다`,
  }),
  noCurrentContext: ({ file }: InFile): Message => ({
    en: `the kubeconfig ${file} has no current-context`,
    ko: `kubeconfig ${file}: current-context가 없습니다`,
  }),
  chooseContext: ({ command }: { command: string }): Message => ({
    en: `choose one with ${command}`,
    ko: `이 명령으로 고르세요: ${command}`,
  }),
  noContext: ({ file, name }: Named): Message => ({
    en: `the kubeconfig ${file} has no context ${name}`,
    ko: `kubeconfig ${file}: 컨텍스트 ${name}(이)가 없습니다`,
  }),
  noCluster: ({ file, name, context }: Named & { context: string }): Message => ({
    en: `the kubeconfig ${file} has no cluster ${name}, which its context ${context} names`,
    ko: `kubeconfig ${file}: 컨텍스트 ${context}에 적힌 클러스터 ${name}(이)가 없습니다`,
  }),
  noUser: ({ file, name, context }: Named & { context: string }): Message => ({
    en: `the kubeconfig ${file} has no user ${name}, which its context ${context} names`,
    ko: `kubeconfig ${file}: 컨텍스트 ${context}에 적힌 사용자 ${name}(이)가 없습니다`,
  }),
  listThem: ({ command }: { command: string }): Message => ({
    en: `${command} lists those that there are`,
    ko: `있는 것을 보는 명령: ${command}`,
  }),
  badServer: ({ file, name, server }: Named & { server: string }): Message => ({
    en: `the kubeconfig ${file} has an unusable server address for ${name}: ${server}`,
    ko: `kubeconfig ${file}: ${name}의 server 주소를 쓸 수 없습니다(${server})`,
  }),
  setServer: ({ command }: { command: string }): Message => ({
    en: `it must be like https://HOST:6443; fix it with ${command}`,
    ko: `https://HOST:6443 같은 주소여야 합니다. 고치는 명령: ${command}`,
  }),
  plainHttp: ({ file, name, server }: Named & { server: string }): Message => ({
    en: `the kubeconfig ${file} has the address ${server} for ${name}: plain http would send our credentials and every token in the clear`,
    ko: `kubeconfig ${file}: ${name}의 주소가 ${server}입니다. http로는 인증 정보와 모든 토큰이 암호화되지 않은 채 전송됩니다`,
  }),
  useHttps: (): Message => ({
    en: 'use https; http is for loopback only',
    ko: 'https를 쓰세요. http는 loopback 주소에만 쓸 수 있습니다',
  }),
  insecureWithAuthority: ({ file, name }: Named): Message => ({
    en: `the kubeconfig ${file} has both insecure-skip-tls-verify and a certificate-authority for ${name}`,
    ko: `kubeconfig ${file}: ${name}에 insecure-skip-tls-verify와 certificate-authority가 둘 다 있습니다`,
  }),
  removeInsecure: (): Message => ({
    en: 'kubectl refuses that too: remove insecure-skip-tls-verify, so that the certificate is checked',
    ko: 'kubectl도 거부합니다. 인증서를 확인하도록 insecure-skip-tls-verify를 지우세요',
  }),
  badProxy: ({ file, name }: Named): Message => ({
    en: `the kubeconfig ${file} has a proxy-url for ${name} that is not the address of a proxy (it is not shown, since it may hold a password)`,
    ko: `kubeconfig ${file}: ${name}의 proxy-url이 프록시 주소가 아닙니다(비밀번호가 들어 있을 수 있어 보여 주지 않습니다)`,
  }),
  proxyLooksLike: (): Message => ({
    en: 'it looks like http://proxy.example.org:3128; socks5 is not known here',
    ko: 'http://proxy.example.org:3128 같은 주소여야 합니다. socks5는 지원하지 않습니다',
  }),
  badAuthority: ({ where }: { where: Text }): Message => ({
    en: `the certificate-authority of ${en(where)} is no certificate in PEM`,
    ko: `${ko(where)}의 certificate-authority가 PEM 인증서가 아닙니다`,
  }),
  inFile: ({ file, name }: Named): Message => ({ en: `${name} in ${file}`, ko: `${file}의 ${name}` }),
};
