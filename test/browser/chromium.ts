/** A real Chromium for tests: who looks at a page in it, and what went wrong there meanwhile. */
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's, or the one that CHROMIUM names; undefined where there is none. */
export function chromiumPath(): string | undefined {
  const path = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  return existsSync(path) ? path : undefined;
}

export async function openChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined)
    throw new Error('There is no Chromium: apt-get install chromium, or name one in CHROMIUM');
  const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update'];
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-sync', '--disable-dev-shm-usage', ...quiet],
  });
}

export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of: scripts, policies, files that were not there. */
  readonly complaints: string[];
}

/** A person's browser, which reaches nothing but this machine. @param origin whose complaints count */
export async function visitorOf(browser: Browser, origin: string, options: BrowserContextOptions): Promise<Visit> {
  const context = await browser.newContext({ ...options, ignoreHTTPSErrors: true });
  // The login provider's development pages ask for a font on the internet.
  await context.route(
    ({ hostname }) => hostname !== 'localhost',
    (route) => route.abort(),
  );
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    const isOwn = message.location().url.startsWith(origin);
    if (message.type() === 'error' && isOwn) complaints.push(`${message.text()} ${message.location().url}`);
  });
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

interface AxeViolation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core finds wrong on a page: WCAG 2.2 A and AA, and its best practices. */
export async function axeFindings(page: Page): Promise<string[]> {
  // The page's own policy allows no script: this one comes in as a debugger's does.
  await page.evaluate(axe.source);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const violations = await page.evaluate<readonly AxeViolation[]>(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then(({ violations }) => violations)`,
  );
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

export async function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}

/** At the login provider, by keyboard: whoever they are, and that they agree. */
export async function logInAtProvider(page: Page, login: string): Promise<void> {
  await page.waitForSelector('input[name=login]');
  await page.fill('input[name=login]', login);
  await page.fill('input[name=password]', 'x');
  await page.keyboard.press('Enter');
  await page.waitForSelector('button[autofocus], form button[type=submit]');
  await page.waitForFunction('document.querySelector("input[name=login]") === null');
  await page.click('button[type=submit]');
}
