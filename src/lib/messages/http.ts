/** Servers that are not reached, or answer as something else would; addresses that secrets can't be sent to. */
import { durationText } from '../duration.ts';
import { en, ko, type Message, type Text } from '../message.ts';

/** What a server is called. */
interface Peer {
  readonly peer: Text;
}

export const httpMessages = {
  noAnswer: ({ peer, seconds }: Peer & { seconds: number }): Message => ({
    en: `${en(peer)} did not answer within ${durationText(seconds).en}`,
    ko: `${ko(peer)}에서 ${durationText(seconds).ko} 안에 응답하지 않았습니다`,
  }),
  answerTooLong: ({ peer, mebibytes }: Peer & { mebibytes: number }): Message => ({
    en: `the answer of ${en(peer)} is larger than ${mebibytes} MiB`,
    ko: `${ko(peer)}에서 온 응답이 ${mebibytes} MiB보다 큽니다`,
  }),
  untrustedCertificate: ({ peer, why }: Peer & { why: Text }): Message => ({
    en: `the certificate of ${en(peer)} can't be trusted: ${en(why)}`,
    ko: `${ko(peer)}의 인증서를 믿을 수 없습니다: ${ko(why)}`,
  }),
  nameAuthority: (): Message => ({
    en: "for a CA of one's own, name its file in NODE_EXTRA_CA_CERTS",
    ko: '직접 만든 CA를 쓴다면 NODE_EXTRA_CA_CERTS에 CA 파일을 지정하세요',
  }),
  handshakeEnded: ({ peer, why }: Peer & { why: Text }): Message => ({
    en: `${en(peer)} ended the TLS handshake: ${en(why)}`,
    ko: `${ko(peer)}에서 TLS 연결을 끊었습니다: ${ko(why)}`,
  }),
  notTls: ({ peer, why }: Peer & { why: Text }): Message => ({
    en: `what answers for ${en(peer)} does not speak TLS: ${en(why)}`,
    ko: `${ko(peer)}에서 TLS가 아닌 응답이 왔습니다: ${ko(why)}`,
  }),
  notHttp: ({ peer, why }: Peer & { why: Text }): Message => ({
    en: `what answers for ${en(peer)} does not speak HTTP/1.1: ${en(why)}`,
    ko: `${ko(peer)}에서 HTTP/1.1이 아닌 응답이 왔습니다: ${ko(why)}`,
  }),
  unsendable: ({ peer, why }: Peer & { why: Text }): Message => ({
    en: `a request to ${en(peer)} can't be sent: ${en(why)}`,
    ko: `${ko(peer)}에 요청을 보낼 수 없습니다: ${ko(why)}`,
  }),
  unreachable: ({ peer, why }: Peer & { why: Text }): Message => ({
    en: `${en(peer)} can't be reached: ${en(why)}`,
    ko: `${ko(peer)}에 연결할 수 없습니다: ${ko(why)}`,
  }),

  gaveUp: ({ failed, attempts, seconds }: { failed: Text; attempts: number; seconds: number }): Message => ({
    en: `${en(failed)} (gave up after ${attempts} attempts in ${seconds} s)`,
    ko: `${ko(failed)} (${seconds}초 동안 ${attempts}번 시도하고 그만두었습니다)`,
  }),

  nothingListens: (): Message => ({ en: 'nothing listens there', ko: '그 주소에서 응답하는 서버가 없습니다' }),
  unknownHost: (): Message => ({ en: 'the host name is unknown', ko: '그런 호스트 이름이 없습니다' }),
  unresolvedHost: (): Message => ({
    en: 'the host name could not be resolved',
    ko: '호스트 이름의 주소를 찾지 못했습니다',
  }),
  connectionReset: (): Message => ({ en: 'the connection was reset', ko: '연결이 끊어졌습니다' }),
  connectionClosed: (): Message => ({ en: 'the connection was closed', ko: '연결이 닫혔습니다' }),
  noAnswerInTime: (): Message => ({ en: 'no answer in time', ko: '제때 응답하지 않았습니다' }),
  proxyRefuses: (): Message => ({
    en: 'the proxy of HTTPS_PROXY does not let us through',
    ko: 'HTTPS_PROXY의 프록시가 연결을 허용하지 않습니다',
  }),
  noRoute: (): Message => ({ en: 'no route to the host', ko: '그 호스트로 가는 경로가 없습니다' }),
  noNetwork: (): Message => ({ en: 'no network', ko: '네트워크에 연결되어 있지 않습니다' }),
  answerCutShort: (): Message => ({
    en: 'the connection was closed before the answer was whole',
    ko: '응답을 다 받기 전에 연결이 닫혔습니다',
  }),
  unknownError: (): Message => ({ en: 'an unknown error', ko: '알 수 없는 오류' }),

  addressRefused: ({ given, why }: { given: string; why: Text }): Message => ({
    en: `${given} can't be used: ${en(why)}`,
    ko: `${given}: 쓸 수 없는 주소입니다. ${ko(why)}`,
  }),
  exampleAddress: (): Message => ({
    en: 'give an address such as https://api.example.org',
    ko: 'https://api.example.org 같은 주소를 쓰세요',
  }),
  notAnAddress: (): Message => ({ en: 'it is not a URL', ko: 'URL이 아닙니다' }),
  otherProtocol: ({ protocol }: { protocol: string }): Message => ({
    en: `${protocol} is neither https nor http`,
    ko: `https도 http도 아닌 ${protocol} 주소입니다`,
  }),
  holdsCredential: (): Message => ({
    en: 'it holds a user name or password',
    ko: '주소에 사용자 이름이나 비밀번호가 들어 있습니다',
  }),
  hasQuery: (): Message => ({ en: 'it has a query or a fragment', ko: '주소에 ?나 #이 들어 있습니다' }),
  inTheClear: ({ secrets }: { secrets: Text }): Message => ({
    en: `plain http would send ${en(secrets)} in the clear`,
    ko: `http로 보내면 ${ko(secrets)} 암호화되지 않습니다`,
  }),
  useHttps: (): Message => ({
    en: 'use https; http is for loopback only',
    ko: 'https를 쓰세요. http는 이 컴퓨터(loopback) 안에서만 쓸 수 있습니다',
  }),
  sentByUpdater: (): Message => ({ en: 'the API key and every token', ko: 'API 키와 모든 토큰이' }),
  updaterKeyElsewhere: (): Message => ({
    en: 'the API key goes into POOLC_API_KEY_FILE, nothing into the address',
    ko: 'API 키는 POOLC_API_KEY_FILE에 둡니다. 주소에는 넣지 마세요',
  }),
  sentByMember: (): Message => ({ en: 'your password and your token', ko: '비밀번호와 토큰이' }),
  memberLoginElsewhere: (): Message => ({
    en: 'login id and password are asked for, nothing of them belongs into the address',
    ko: '아이디와 비밀번호는 따로 물어봅니다. 주소에는 넣지 마세요',
  }),
};
