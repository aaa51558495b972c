/** `npm run gateway-pictures`: the gateway's pages for the docs, in both languages, on a desk and on a phone. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { fieldOf, logInAs } from '../../dev/gateway/browser.ts';
import { startLab } from '../gateway/lab.ts';
import { beginEnrolment } from '../gateway/test-device.ts';
import { logInAtProvider, openChromium, visitorOf } from './chromium.ts';

const pictures = join(import.meta.dirname, '../../docs/pictures');
const member = 'minjun';
const widths = { desk: { width: 900, height: 700 }, phone: { width: 390, height: 780 } } as const;

await using lab = await startLab();
await lab.addMember(member);
await lab.startGateway();
for (const name of ['laptop', '연구실 데스크톱']) {
  const { code, request } = await beginEnrolment(lab, name);
  const { browser, page } = await logInAs(lab, member, request);
  await browser.post(`${lab.origin}/enroll`, { csrf: fieldOf(page, 'csrf'), request, code });
  await browser.close();
}
const chromium = await openChromium();
try {
  for (const [language, locale] of [
    ['en', 'en-GB'],
    ['ko', 'ko-KR'],
  ] as const) {
    for (const [width, viewport] of Object.entries(widths)) {
      await using visitor = await visitorOf(chromium, lab.origin, { locale, viewport });
      const { page } = visitor;
      const { request } = await beginEnrolment(lab, 'minjun-laptop');
      await page.goto(`${lab.origin}/enroll?request=${encodeURIComponent(request)}`);
      await page.click('a.button');
      await logInAtProvider(page, member);
      await page.waitForSelector('#code');
      await take(page, `gateway-confirm.${language}.${width}.png`);
      await page.goto(lab.origin);
      await take(page, `gateway-devices.${language}.${width}.png`);
    }
  }
} finally {
  await chromium.close();
}

async function take(page: Page, name: string): Promise<void> {
  // As it is where it is used: not the address of a test.
  const { origin } = lab;
  await page.evaluate(
    `for (const code of document.querySelectorAll('code')) code.textContent = code.textContent.replace(${JSON.stringify(origin)}, 'https://login.example.org')`,
  );
  await page.screenshot({ path: join(pictures, name), fullPage: true });
  console.log(name);
}
