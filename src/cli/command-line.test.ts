import { describe, expect, it } from 'vitest';
import { commandLineOf } from './command-line.ts';
import { commonFlags } from './flags.ts';
import { createProgram } from './program.ts';

const words = ['credentials-updater'];
const { stdout, stderr } = process;
const program = createProgram({
  environment: { env: {}, program: words, stdout, stderr, signal: new AbortController().signal },
  end: () => undefined,
});
const optionsOf = (name: string) => program.commands.find((each) => each.name() === name)?.options ?? [];
/** Added by anyone who prints the command: they belong to one command alone. */
const ownFlags = ['--first-run', '--plan'];

describe('the command line for another command', () => {
  const given = Object.fromEntries(
    optionsOf('sync').map((option) => [option.attributeName(), option.argChoices?.at(-1) ?? `${option.name()} it's`]),
  );
  const flags = commonFlags(program, given);

  it('has every flag of sync that was given', () => {
    const line = commandLineOf({ env: {}, program: words }, flags)('sync');
    const carried = optionsOf('sync').filter(({ long }) => !ownFlags.includes(long ?? ''));
    expect(carried.length).toBeGreaterThan(20);
    for (const option of carried) {
      const value = option.argChoices?.at(-1) ?? `'${option.name()} it'\\''s'`;
      expect(`${line} `).toContain(`${option.long} ${value} `);
    }
  });

  it('has none that the other command does not take', () => {
    for (const name of program.commands.map((command) => command.name())) {
      const line = commandLineOf({ env: {}, program: words }, flags)(name);
      const known = new Set(optionsOf(name).map(({ long }) => long));
      expect([...line.matchAll(/ (--[a-z-]+)/g)].filter(([, flag]) => !known.has(flag))).toEqual([]);
    }
  });

  it('has what was in the environment, but for what only logs; a flag that is added or given wins', () => {
    const env = {
      KUBECONFIG: '/a:/b',
      MIN_MEMBERS: '5',
      TARGET_NAMESPACE: 'lab',
      ALLOW_REMOVALS: '1',
      LOG_LEVEL: 'debug',
    };
    const few = commonFlags(program, { targetNamespace: 'course' });
    expect(commandLineOf({ env, program: words }, few)('sync', ['--allow-removals', '12'])).toBe(
      'credentials-updater sync --allow-removals 12 --kubeconfig /a:/b --target-namespace course --min-members 5',
    );
  });

  it('has no credential', () => {
    const env = { NOTIFY_URL: 'https://example.org/secret', HEARTBEAT_URL: 'https://example.org/secret' };
    expect(commandLineOf({ env, program: words }, commonFlags(program, {}))('sync')).toBe('credentials-updater sync');
  });
});
