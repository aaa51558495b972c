/**
 * Types commands into a real terminal, tmux of 80 columns, and takes a picture of what it shows, in headless Chromium:
 * how a person sees the output, for anyone who changes it and for the docs.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify, stripVTControlCharacters } from 'node:util';
import { AnsiUp } from 'ansi_up';
import { eastAsianWidth } from 'get-east-asian-width';
import { chromium } from 'playwright-core';

export interface Typed {
  /** A line as it is typed; Enter is pressed after it. */
  readonly type: string;
  /** What appears on the screen when the next line can be typed; the shell's prompt unless given. */
  readonly until?: RegExp;
}

export interface TerminalOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

export interface Terminal extends AsyncDisposable {
  /** @throws when it doesn't appear within 60 s */
  readonly type: (typed: Typed) => Promise<void>;
  readonly clear: () => Promise<void>;
  /** What is on the screen, plain. */
  readonly screen: () => Promise<string>;
  /** Writes a PNG of what the screen shows, as far down as there is anything. */
  readonly takePicture: (file: string) => Promise<void>;
}

const run = promisify(execFile);
const prompt = '$ ';
const atPrompt = /(^|\n)\$ ?$/;
const patienceMs = 60_000;

export async function openTerminal({ env, columns = 80, rows = 40 }: TerminalOptions): Promise<Terminal> {
  // A server of its own: nobody else's sessions are in it, and ending it ends nothing else.
  const socket = `picture-${randomBytes(6).toString('hex')}`;
  const tmux = async (...args: string[]) =>
    (await run('tmux', ['-L', socket, '-f', '/dev/null', ...args], { env })).stdout;
  await tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), `PS1='${prompt}' ENV= exec sh`);

  const capture = async (...flags: string[]) => (await tmux('capture-pane', '-p', ...flags)).trimEnd();
  const until = async (pattern: RegExp, before?: string): Promise<void> => {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const shown = await capture();
      if (shown !== before && pattern.test(shown)) return;
      if (performance.now() > giveUpAt) throw new Error(`Nothing like ${String(pattern)} appeared:\n${shown}`);
      await sleep(50);
    }
  };
  const type = async ({ type: line, until: expected = atPrompt }: Typed): Promise<void> => {
    const before = await capture();
    await tmux('send-keys', '-l', line);
    await tmux('send-keys', 'Enter');
    await until(expected, before);
  };
  await until(atPrompt);
  return {
    type,
    clear: () => type({ type: 'clear', until: /^\$ ?$/ }),
    screen: () => capture(),
    takePicture: async (file) => renderPicture(withoutPrompt(await capture('-e')), { file, columns }),
    [Symbol.asyncDispose]: async () => void (await tmux('kill-server')),
  };
}

/** Without the last line, where it is only a prompt; its colour codes are no reason to keep it. */
function withoutPrompt(shown: string): string {
  const lines = shown.split('\n');
  return /^\$ ?$/.test(stripVTControlCharacters(lines.at(-1) ?? '')) ? lines.slice(0, -1).join('\n') : shown;
}

/** A Korean letter as wide as two Latin ones, as it is in a terminal; in a browser each font has its own idea. */
function inCells(html: string): string {
  return html.replace(/\P{ASCII}/gu, (character) =>
    eastAsianWidth(character.codePointAt(0) ?? 0) === 2
      ? `<span style="display:inline-block;width:2ch;height:21px;vertical-align:top;text-align:center">${character}</span>`
      : character,
  );
}

async function renderPicture(text: string, { file, columns }: { file: string; columns: number }): Promise<void> {
  const longest = Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => line.length),
  );
  if (longest > columns) throw new Error(`A line of ${longest} characters in a terminal of ${columns} columns`);
  const colours = new AnsiUp();
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-sync', '--no-first-run', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 400 } });
    await page.setContent(
      `<body style="margin:0"><pre style="display:inline-block;width:${columns}ch;margin:0;padding:14px 18px;background:#10161d;color:#e8edf2;font:16px/21px 'Noto Sans Mono CJK KR','DejaVu Sans Mono',monospace">${inCells(colours.ansi_to_html(text))}</pre></body>`,
    );
    await page.locator('pre').screenshot({ path: file });
  } finally {
    await browser.close();
  }
}
