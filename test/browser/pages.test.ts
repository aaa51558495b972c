/** The gateway's pages as members meet them: in a real Chromium, in both languages, dark and light, on a phone. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayLab, startLab } from '../gateway/lab.ts';
import { beginEnrolment, connectedDevice } from '../gateway/test-device.ts';
import { axeFindings, logInAtProvider, openChromium, scrollsSideways, type Visit, visitorOf } from './chromium.ts';

let lab: GatewayLab;
let browser: Browser;
const longestName = 'x'.repeat(64);
const phone = { width: 320, height: 640 };
const desk = { width: 1_000, height: 800 };

beforeAll(async () => {
  lab = await startLab();
  await lab.addMember('kim');
  await lab.startGateway();
  await connectedDevice(lab, 'kim', longestName);
  await connectedDevice(lab, 'kim', '노트북');
  browser = await openChromium();
});
afterAll(async () => {
  await browser.close();
  await lab[Symbol.asyncDispose]();
});

const visit = (options: Parameters<typeof visitorOf>[2]): Promise<Visit> => visitorOf(browser, lab.origin, options);

/** Through the provider, from whatever page has the way to log in. */
async function logIn(page: Page, member = 'kim'): Promise<void> {
  await page.click('a.button');
  await logInAtProvider(page, member);
  await page.waitForURL(({ origin }) => origin === lab.origin);
}

interface Look {
  readonly language: 'en' | 'ko';
  readonly locale: string;
  readonly colorScheme: 'light' | 'dark';
}

test.each<Look>([
  { language: 'en', locale: 'en-GB', colorScheme: 'light' },
  { language: 'en', locale: 'en-GB', colorScheme: 'dark' },
  { language: 'ko', locale: 'ko-KR', colorScheme: 'light' },
  { language: 'ko', locale: 'ko-KR', colorScheme: 'dark' },
])('every page is for everybody, in $language and $colorScheme', async ({ language, locale, colorScheme }) => {
  await using visitor = await visit({ locale, colorScheme });
  const { page, complaints } = visitor;
  const titles: string[] = [];
  const expectForEverybody = async (name: string) => {
    expect({ name, language: await page.getAttribute('html', 'lang') }).toEqual({ name, language });
    titles.push(await page.title());
    for (const size of [desk, phone]) {
      await page.setViewportSize(size);
      const found = { sideways: await scrollsSideways(page), axe: await axeFindings(page) };
      expect({ name, size, ...found }).toEqual({ name, size, sideways: false, axe: [] });
    }
  };
  const expectComplaint = (pattern: RegExp) => {
    // Chromium reports each answer of 400 and more.
    expect(complaints.splice(0)).toEqual([expect.stringMatching(pattern)]);
  };
  const { request, code } = await beginEnrolment(lab, longestName.replace(/^./, 'y'));
  const link = `${lab.origin}/enroll?request=${encodeURIComponent(request)}`;

  await page.goto(lab.origin);
  await expectForEverybody('the login');
  await page.goto(`${lab.origin}/nothing`);
  await expectForEverybody('an address where nothing is');
  expectComplaint(/404/);
  await page.goto(`${lab.origin}/enroll?request=x`);
  await expectForEverybody('a link that is not complete');
  expectComplaint(/400/);
  await page.goto(link);
  await expectForEverybody('the login for a device');
  await logIn(page);
  await expectForEverybody('a device to confirm');
  await page.fill('#code', '00000000');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#problem');
  await expectForEverybody('a wrong code');
  expectComplaint(/422/);
  await page.fill('#code', code);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[role=status]');
  await expectForEverybody('the devices');
  await page.locator('summary').evaluateAll((summaries: { click(): void }[]) => {
    for (const summary of summaries) summary.click();
  });
  await expectForEverybody('the devices, with the commands of every system');
  expect(complaints).toEqual([]);
  expect(new Set(titles).size).toBeGreaterThanOrEqual(5);
  const own = page.locator('li', { hasText: 'yxxx' }).locator('button');
  await own.click();
  await page.waitForSelector('[role=status]');
});

test('with the keyboard alone a member logs in, connects a device and removes it, and always sees where they are', async () => {
  await using visitor = await visit({ locale: 'en-GB' });
  const { page } = visitor;
  const { request, code } = await beginEnrolment(lab, 'by keyboard');
  const focused = (property: string) => page.evaluate<string>(`document.activeElement.${property}`);
  const tabTo = async (text: string) => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
      if ((await page.evaluate<string>(labelOfFocus)).includes(text)) return;
    }
    throw new Error(`Nobody comes to '${text}' by Tab`);
  };
  await page.goto(`${lab.origin}/enroll?request=${encodeURIComponent(request)}`);
  await tabTo('Log in');
  await page.keyboard.press('Enter');
  await logInAtProvider(page, 'kim');
  await page.waitForSelector('#code');
  expect(await focused('id')).toBe('code');
  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#problem');
  // What is wrong belongs to the field, and the field has the focus.
  expect(await focused('id')).toBe('code');
  expect(await focused('getAttribute("aria-describedby")')).toBe('problem');
  expect(await focused('getAttribute("aria-invalid")')).toBe('true');
  expect(await page.title()).toMatch(/^That did not work: Connect this device\? – /);
  await page.keyboard.type(code);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[role=status]');
  expect(await page.innerText('[role=status]')).toBe('by keyboard is connected. Go back to your terminal.');
  await tabTo('Remove by keyboard');
  await page.keyboard.press('Enter');
  await page.waitForFunction('document.querySelector("[role=status]")?.textContent.includes("was removed")');
  expect(await page.innerText('ul.devices')).not.toContain('by keyboard');
});

const labelOfFocus =
  'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent ?? document.activeElement.name';

test('a page that is loaded again sends nothing again, and the notice is gone', async () => {
  await using visitor = await visit({ locale: 'en-GB' });
  const { page } = visitor;
  await connectedDevice(lab, 'kim', 'twice');
  const posts: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().startsWith(lab.origin)) posts.push(request.url());
  });
  await page.goto(lab.origin);
  await logIn(page);
  await page.click('[aria-label="Remove twice"]');
  await page.waitForSelector('[role=status]');
  await page.reload();
  expect(await page.locator('[role=status]').count()).toBe(0);
  expect(page.url()).toBe(`${lab.origin}/`);
  expect(posts).toEqual([`${lab.origin}/devices/remove`]);
});

test('who reads the other language chooses it on any page, and keeps it', async () => {
  await using visitor = await visit({ locale: 'en-GB' });
  const { page } = visitor;
  const { request } = await beginEnrolment(lab, 'one more');
  await page.goto(`${lab.origin}/enroll?request=${encodeURIComponent(request)}`);
  await page.click('nav a');
  expect(await page.innerText('main')).toContain('기기를 내 계정에 연결하려면 로그인하세요.');
  await logIn(page);
  expect(await page.innerText('h1')).toBe('이 기기를 연결할까요?');
  await page.click('nav a');
  expect(await page.innerText('h1')).toBe('Connect this device?');
});

test('a kubeconfig of the page is a file that kubectl takes, until its device is removed on the page', async () => {
  await using visitor = await visit({ locale: 'en-GB' });
  const { page } = visitor;
  await page.goto(lab.origin);
  await logIn(page);
  const download = page.waitForEvent('download');
  await page.click('text=Download a kubeconfig');
  const file = await download;
  expect(file.suggestedFilename()).toBe('pks.kubeconfig');
  const kubeconfig = await file.path();
  const args = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'];
  const { kubectl } = lab.controlPlane;
  expect((await kubectl(args, { kubeconfig })).stdout).toBe('system:serviceaccount:poolc-users:kim');
  expect(await readFile(kubeconfig, 'utf8')).toContain('current-context: kim@pks');
  await page.goto(lab.origin);
  await page.click('[aria-label="Remove kubeconfig"]');
  await page.waitForSelector('[role=status]');
  const refused = { timeout: 40_000, interval: 1_000 };
  await expect.poll(async () => (await kubectl(args, { kubeconfig })).exitCode, refused).not.toBe(0);
});

test('no page of another site shows this one in a frame, or gets a word of it', async () => {
  await using visitor = await visit({ locale: 'en-GB' });
  const { page } = visitor;
  await page.goto(lab.origin);
  await logIn(page);
  await page.goto(`${lab.provider.issuer.origin}/nothing`);
  await page.setContent(`<iframe src="${lab.origin}/"></iframe>`);
  const frame = page.frames()[1];
  if (frame === undefined) throw new Error('There is no frame');
  await expect.poll(() => frame.url()).toMatch(/^chrome-error:/);
  const read = `fetch('${lab.origin}/', { credentials: 'include' }).then(() => 'read', () => 'refused')`;
  expect(await page.evaluate(read)).toBe('refused');
});
