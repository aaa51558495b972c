/**
 * `npm run page-in-chromium`: uses the page as a member does, in headless Chromium, and takes its pictures for the docs.
 * A script and not a test, because a browser is a large thing to ask of everybody who runs the tests, and a test that is
 * skipped where there is none would count as passed. What needs no browser (the files, the policy, and that the commands
 * work as they are shown) is in page.test.ts.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { SignJWT } from 'jose';
import type { Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { startPoolcApi } from './index.ts';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const pictures = join(import.meta.dirname, '../../docs/pictures');

const [certificateAuthority = ''] = rootCertificates;
await using api = await startPoolcApi({
  cluster: { name: 'pks', server: 'https://pks.example.org:6443', certificateAuthority: `${certificateAuthority}\n` },
});
const loginId = '풀씨회원';
const member = await api.addMember({ loginId });
const token = await new SignJWT({ sub: 'system:serviceaccount:poolc-users:member' })
  .setProtectedHeader({ alg: 'HS256' })
  .setExpirationTime('6d')
  .sign(crypto.getRandomValues(new Uint8Array(32)));
await mkdir(pictures, { recursive: true });

const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update'];
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-sync', ...quiet],
});
try {
  for (const look of [
    { language: 'ko', locale: 'ko-KR', colorScheme: 'light' },
    { language: 'en', locale: 'en-GB', colorScheme: 'light' },
    { language: 'en', locale: 'en-GB', colorScheme: 'dark' },
  ] as const) {
    await visit(look);
    console.log(`${look.locale}, ${look.colorScheme}: the page works`);
  }
} finally {
  await browser.close();
}

interface Look {
  language: 'ko' | 'en';
  locale: string;
  colorScheme: 'light' | 'dark';
}

async function visit(look: Look): Promise<void> {
  const { url } = api;
  const { password } = member;
  const context = await browser.newContext({ ...look, viewport: { width: 900, height: 700 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url });
  const page = await context.newPage();
  const addresses: string[] = [];
  const failures: string[] = [];
  page.on('request', (request) => addresses.push(request.url()));
  page.on('pageerror', (error) => failures.push(error.message));
  page.on('console', (message) => {
    // Chromium reports every answer of 400 and more; those that this visit asks for are part of it.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
      failures.push(message.text());
  });

  await page.goto(url);
  equal(await page.getAttribute('html', 'lang'), look.language);
  await fillIn(page, loginId, 'wrong');
  await page.waitForSelector('#notice:not([hidden])');
  equal(await page.inputValue('#login-id'), loginId);

  await deliver('{}');
  await fillIn(page, loginId, password);
  await page.waitForSelector('#plugin:not([hidden])');
  ok(await page.isHidden('#plain'), 'without a token there is no plain command to show');
  ok(
    !/recommended|추천/.test(await page.innerText('#plugin')),
    'the plugin is recommended to somebody without a token',
  );
  await page.click('#log-out');

  await deliver(JSON.stringify({ [member.uuid]: token }));
  await fillIn(page, loginId, password);
  await page.waitForSelector('#plain:not([hidden])');
  await takePicture(page, look);
  ok(!(await page.content()).includes(token), 'the token is in the document before it was asked for');
  await page.click('#plain-commands li:nth-child(3) button');
  equal(await copied(page), `kubectl config set-credentials pks --token=${token}`);
  await page.click('#copy-all');
  equal((await copied(page)).split('\n').length, 5);
  await page.click('#plugin-commands li:first-child button');
  match(await copied(page), /^credentials-updater login --cluster /);
  await page.click('#show-token');
  ok((await page.content()).includes(token), 'the token is not shown when it is asked for');

  await page.setViewportSize({ width: 360, height: 700 });
  equal(
    await page.evaluate('document.documentElement.scrollWidth > innerWidth'),
    false,
    'a telephone scrolls sideways',
  );
  await page.click(`[data-language=${look.language === 'ko' ? 'en' : 'ko'}]`);
  equal(await page.getAttribute('html', 'lang'), look.language === 'ko' ? 'en' : 'ko');

  await page.click('#log-out');
  ok(!(await page.content()).includes(token), 'the token is in the document after logging out');
  deepEqual(await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]'), [0, 0, '']);
  deepEqual(failures, []);
  for (const address of addresses)
    ok(/^[\w:/.-]+$/.test(address), `an address with more than a path in it: ${address}`);
  await context.close();
}

async function fillIn(page: Page, id: string, password: string): Promise<void> {
  await page.fill('#login-id', id);
  await page.fill('#password', password);
  await page.keyboard.press('Enter');
}

async function copied(page: Page): Promise<string> {
  return String(await page.evaluate('navigator.clipboard.readText()'));
}

async function takePicture(page: Page, { language, colorScheme }: Look): Promise<void> {
  if (colorScheme === 'light')
    await page.screenshot({ path: join(pictures, `members-page.${language}.png`), fullPage: true });
}

async function deliver(body: string): Promise<void> {
  const headers = { 'X-API-KEY': api.apiKey, 'Content-Type': 'application/json' };
  const answer = await fetch(`${api.url}/kubernetes/`, { method: 'POST', headers, body });
  equal(answer.status, 200);
}
