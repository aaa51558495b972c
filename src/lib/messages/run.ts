/** What operators read of a plan, a run and the guard: the lines around the reasons. */
import { en, ko, type Message, type Text } from '../message.ts';

interface Counts {
  readonly members: number;
  readonly keep: number;
  readonly join: number;
  readonly leave: number;
  readonly hidden: boolean;
}

export const planMessages = {
  counts: ({ members, keep, join, leave, hidden }: Counts): Message => ({
    en: `${members} members: ${keep} keep their account${hidden ? ' (--all shows them)' : ''}, ${join} join, ${leave} leave`,
    ko: `회원 ${members}명: 계정 유지 ${keep}명${hidden ? '(--all로 볼 수 있습니다)' : ''}, 가입 ${join}명, 탈퇴 ${leave}명`,
  }),
  directory: ({ directory }: { directory: string }): Message => ({
    en: `directory: ${directory}`,
    ko: `명부: ${directory}`,
  }),
  note: ({ note }: { note: Text }): Message => ({ en: `note: ${en(note)}`, ko: `참고: ${ko(note)}` }),
  allowed: (): Message => ({
    en: 'the guard allows this; sync would apply it',
    ko: '안전장치가 허용합니다. sync를 실행하면 적용됩니다',
  }),
  refused: ({ reason }: { reason: Text }): Message => ({
    en: `the guard refuses this: ${en(reason)}`,
    ko: `안전장치가 거부합니다: ${ko(reason)}`,
  }),
};

export const runMessages = {
  members: (): Message => ({ en: 'members', ko: '회원' }),
  kept: (): Message => ({ en: 'kept', ko: '유지' }),
  joined: (): Message => ({ en: 'joined', ko: '가입' }),
  removed: (): Message => ({ en: 'removed', ko: '삭제' }),
  lifetime: (): Message => ({ en: 'token lifetime', ko: '토큰 수명' }),
  time: (): Message => ({ en: 'time', ko: '갱신 여유' }),
  took: (): Message => ({ en: 'took', ko: '걸린 시간' }),
  noToken: (): Message => ({ en: 'no fresh token', ko: '새 토큰 없음' }),
  noWorkspace: (): Message => ({ en: 'no workspace', ko: '작업 공간 없음' }),
  bindingStays: (): Message => ({ en: 'not removed', ko: '삭제 실패' }),
  andMore: ({ count }: { count: number }): Message => ({ en: `… and ${count} more`, ko: `… 외 ${count}개` }),
  done: ({ minted }: { minted: number }): Message => ({
    en: `✓ done: ${minted} members have a fresh token`,
    ko: `✓ 완료: 회원 ${minted}명에게 새 토큰을 발급했습니다`,
  }),
  partly: ({ minted, without, workspaces, bindings, exitCode }: Partly): Message => ({
    en: `! partly done: ${minted} members have a fresh token, ${without} have none${workspaces === 0 ? '' : `, ${workspaces} have no complete workspace`}${bindings === 0 ? '' : `, ${bindings} RoleBindings of leavers are still there`} (exit code ${exitCode})`,
    ko: `! 일부만 완료: 회원 ${minted}명에게 새 토큰을 발급했고 ${without}명은 받지 못했습니다${workspaces === 0 ? '' : `. 작업 공간이 완전하지 않은 회원이 ${workspaces}명입니다`}${bindings === 0 ? '' : `. 탈퇴한 회원의 RoleBinding ${bindings}개를 삭제하지 못했습니다`} (종료 코드 ${exitCode})`,
  }),
  failed: (): Message => ({ en: 'failed', ko: '실패' }),
  refused: (): Message => ({ en: 'refused', ko: '거부' }),
  locked: (): Message => ({ en: 'locked', ko: '다른 실행이 진행 중' }),
  stopped: (): Message => ({ en: 'stopped', ko: '중단' }),
  outcome: ({ outcome, step }: { outcome: Message; step: string | undefined }): Message => ({
    en: `✗ ${outcome.en}${step === undefined ? '' : ` (step: ${step})`}:`,
    ko: `✗ ${outcome.ko}${step === undefined ? '' : ` (단계: ${step})`}:`,
  }),
};

interface Partly {
  readonly minted: number;
  readonly without: number;
  readonly workspaces: number;
  /** RoleBindings of leavers that could not be removed. */
  readonly bindings: number;
  readonly exitCode: number;
}
