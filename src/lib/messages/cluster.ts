/** A cluster that is not reached, or does not let this program in, and a lock that another run holds. */
import { en, ko, type Message, type Text } from '../message.ts';

interface Server {
  readonly server: string;
}

interface Failed extends Server {
  readonly why: Text;
}

export const clusterMessages = {
  noKubeconfig: ({ files }: { files: readonly string[] }): Message => ({
    en: `no kubeconfig: ${files.join(', ')} ${files.length === 1 ? 'does' : 'do'} not exist, and this is not a pod`,
    ko: `kubeconfig가 없습니다. ${files.join(', ')} 파일이 없고, 파드 안에서 실행한 것도 아닙니다`,
  }),
  chooseKubeconfig: (): Message => ({
    en: 'set KUBECONFIG to the file that kubectl uses for this cluster',
    ko: '이 클러스터에 kubectl이 쓰는 파일을 KUBECONFIG로 지정하세요',
  }),
  timedOut: ({ server, patience }: Server & { patience: Message }): Message => ({
    en: `${server} did not answer within ${patience.en}`,
    ko: `${server}에서 ${patience.ko} 안에 응답하지 않았습니다`,
  }),
  silent: ({ server, patience }: Server & { patience: Message }): Message => ({
    en: `${server} sent nothing for ${patience.en}`,
    ko: `${server}에서 ${patience.ko} 동안 아무것도 오지 않았습니다`,
  }),
  closed: ({ server }: Server): Message => ({
    en: `the connections to ${server} were closed before the answer came`,
    ko: `응답이 오기 전에 ${server} 연결이 닫혔습니다`,
  }),
  untrusted: ({ server, why }: Failed): Message => ({
    en: `the certificate of ${server} can't be trusted: ${en(why)}`,
    ko: `${server}의 인증서를 믿을 수 없습니다: ${ko(why)}`,
  }),
  rightAuthority: (): Message => ({
    en: "the kubeconfig's certificate-authority must be the one that signed the API server's certificate, for this very host name",
    ko: 'kubeconfig의 certificate-authority가 API 서버의 인증서를 서명한 CA인지, 인증서가 이 호스트 이름의 것인지 확인하세요',
  }),
  unwelcome: ({ server, why }: Failed): Message => ({
    en: `the API server ${server} does not accept our client certificate: ${en(why)}`,
    ko: `API 서버 ${server}에서 클라이언트 인증서를 받아들이지 않습니다: ${ko(why)}`,
  }),
  whoseCertificate: ({ source }: { source: string }): Message => ({
    en: `it comes from ${source}: is it still valid, and for this cluster? Does kubectl work with it?`,
    ko: `인증서의 출처: ${source}. 만료되지 않았는지, 이 클러스터의 것인지, kubectl은 되는지 확인하세요`,
  }),
  handshakeEnded: ({ server, why }: Failed): Message => ({
    en: `the Kubernetes API server ${server} ended the TLS handshake: ${en(why)}`,
    ko: `Kubernetes API 서버 ${server}에서 TLS 연결을 끊었습니다: ${ko(why)}`,
  }),
  isItUp: (): Message => ({
    en: 'is the API server up, and is the server address of the kubeconfig right?',
    ko: 'API 서버가 실행 중인지, kubeconfig의 server 주소가 맞는지 확인하세요',
  }),
  notTls: ({ server, why }: Failed): Message => ({
    en: `what answers at ${server} does not speak TLS: ${en(why)}`,
    ko: `${server}에서 TLS가 아닌 응답이 왔습니다: ${ko(why)}`,
  }),
  notPlainPort: (): Message => ({
    en: 'is the server address of the kubeconfig that of a Kubernetes API server, and not a port for plain http?',
    ko: 'kubeconfig의 server 주소가 Kubernetes API 서버의 주소인지, http 포트는 아닌지 확인하세요',
  }),
  notKubernetes: ({ server, why }: Failed): Message => ({
    en: `${server} did not answer as a Kubernetes API server: ${en(why)}`,
    ko: `${server}의 응답이 Kubernetes API 서버의 것이 아닙니다: ${ko(why)}`,
  }),
  checkServer: (): Message => ({
    en: 'check the server address in the kubeconfig',
    ko: 'kubeconfig의 server 주소를 확인하세요',
  }),
  unsendable: ({ server, why }: Failed): Message => ({
    en: `a request to ${server} can't be sent: ${en(why)}`,
    ko: `${server}에 요청을 보낼 수 없습니다: ${ko(why)}`,
  }),
  unreachable: ({ server, why }: Failed): Message => ({
    en: `the Kubernetes API server ${server} can't be reached: ${en(why)}`,
    ko: `Kubernetes API 서버 ${server}에 연결할 수 없습니다: ${ko(why)}`,
  }),
  whoseProxy: (): Message => ({
    en: 'the proxy comes from proxy-url in the kubeconfig or from HTTPS_PROXY; a host that needs none belongs into NO_PROXY',
    ko: '프록시는 kubeconfig의 proxy-url이나 HTTPS_PROXY에서 왔습니다. 프록시가 필요 없는 호스트는 NO_PROXY에 쓰세요',
  }),

  lockHeld: ({ isRun, holder, since, renewed, waited }: Held): Message => ({
    en: `another ${isRun ? 'run' : 'controller'} holds the lock: ${holder} since ${since ?? 'an unknown time'}, last renewed ${renewed ?? 'never'}; waited ${waited.en}, nothing was changed`,
    ko: `다른 ${isRun ? '실행이' : 'controller가'} 잠금을 가지고 있습니다: ${holder}(${since ?? '알 수 없는 시각'}부터, 마지막 갱신 ${renewed ?? '없음'}). ${waited.ko} 기다렸고 아무것도 바꾸지 않았습니다`,
  }),
  waitForIt: ({ isRun }: { isRun: boolean }): Message => ({
    en: `that ${isRun ? 'run' : 'controller'} does the same work: wait for it, or look at its log`,
    ko: `그 ${isRun ? '실행이' : 'controller가'} 같은 일을 합니다. 끝날 때까지 기다리거나 로그를 확인하세요`,
  }),
};

interface Held {
  /** Rather than a controller. */
  readonly isRun: boolean;
  readonly holder: string;
  readonly since: string | undefined;
  readonly renewed: string | undefined;
  readonly waited: Message;
}
