/** The gateway's pages. No script at all; everything that somebody chose is escaped by the template. */
import { html } from 'hono/html';
import { readableThumbprint } from '../../devices/device-key.ts';
import { withoutInvisible } from '../../lib/terminal-text.ts';
import type { Device } from '../../registry/devices.ts';
import type { PendingEnrolment } from '../enrol.ts';
import { type Language, type Texts, texts } from './texts.ts';

/** A piece of a page, escaped already. */
export type Markup = ReturnType<typeof html>;

export interface PageContext {
  readonly language: Language;
  /** As members know the cluster. */
  readonly cluster: string;
  readonly origin: string;
}

/** @param pending the enrolment that goes on after the login */
export function loginPage(context: PageContext, { pending }: { readonly pending: string | undefined }): Markup {
  const say = texts[context.language];
  const to = pending === undefined ? '/login' : `/login?request=${encodeURIComponent(pending)}`;
  return page(
    context,
    html`<p>${pending === undefined ? say.loginIntro : say.loginForDevice}</p>
      <p><a class="button" href="${to}">${say.logIn}</a></p>`,
  );
}

export interface DevicesPage {
  readonly account: string;
  readonly devices: readonly Device[];
  readonly csrf: string;
  /** What was done just now. */
  readonly notice: string | undefined;
}

export function devicesPage(context: PageContext, { account, devices, csrf, notice }: DevicesPage): Markup {
  const say = texts[context.language];
  const rows = devices.map(
    ({ name, label, createdAt, renewedAt }) =>
      html`<tr>
        <th scope="row">${shownName(label)}</th>
        <td>${time(createdAt)}</td>
        <td>${time(renewedAt)}</td>
        <td>
          <form method="post" action="/devices/remove">
            <input type="hidden" name="csrf" value="${csrf}" />
            <input type="hidden" name="device" value="${name}" />
            <button type="submit" class="danger" aria-label="${say.removeDevice(shownName(label))}">${say.remove}</button>
          </form>
        </td>
      </tr>`,
  );
  const table = html`<div class="scroll" tabindex="0" role="region" aria-label="${say.devices}">
    <table>
      <thead>
        <tr>
          <th scope="col">${say.device}</th>
          <th scope="col">${say.created}</th>
          <th scope="col">${say.lastUsed}</th>
          <td></td>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
  return page(
    context,
    html`${notice === undefined ? '' : html`<p class="notice" role="status">${notice}</p>`}
      <p>${say.loggedInAs(account)}</p>
      <h2>${say.devices}</h2>
      ${devices.length === 0 ? html`<p>${say.noDevices}</p>` : table}
      <h2>${say.addDevice}</h2>
      <p>${say.addDeviceHow}</p>
      <pre tabindex="0"><code>credentials-updater login ${context.origin}</code></pre>
      <form method="post" action="/logout">
        <input type="hidden" name="csrf" value="${csrf}" />
        <button type="submit">${say.logOut}</button>
      </form>`,
  );
}

export interface ConfirmPage {
  readonly pending: string;
  readonly enrolment: PendingEnrolment;
  readonly account: string;
  readonly csrf: string;
  readonly problem: string | undefined;
}

export function confirmPage(context: PageContext, { pending, enrolment, account, csrf, problem }: ConfirmPage): Markup {
  const say = texts[context.language];
  const { request, address } = enrolment;
  return page(
    context,
    html`<h2>${say.confirmTitle}</h2>
      <p>${say.confirmIntro} ${say.loggedInAs(account)}</p>
      <dl>
        <dt>${say.device}</dt>
        <dd>${shownName(request.name)}</dd>
        <dt>${say.address}</dt>
        <dd>${address}</dd>
        <dt>${say.thumbprint}</dt>
        <dd><code>${readableThumbprint(request.thumbprint)}</code></dd>
      </dl>
      <p class="warning">${say.confirmWarning}</p>
      ${problem === undefined ? '' : html`<p class="problem" role="alert">${problem}</p>`}
      <form method="post" action="/enroll">
        <input type="hidden" name="csrf" value="${csrf}" />
        <input type="hidden" name="request" value="${pending}" />
        <label for="code">${say.code}</label>
        <input
          id="code"
          name="code"
          required
          maxlength="20"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          autofocus
        />
        <button type="submit">${say.connect}</button>
      </form>`,
  );
}

export function messagePage(context: PageContext, { text, isProblem }: { text: string; isProblem: boolean }): Markup {
  const say = texts[context.language];
  return page(
    context,
    html`${isProblem ? html`<h2>${say.problem}</h2>` : ''}
      <p role="${isProblem ? 'alert' : 'status'}">${text}</p>
      <p><a href="/">${say.back}</a></p>`,
  );
}

/** A device is called what its owner typed: without what a reader can't see, or that turns the text around. */
export function shownName(label: string): string {
  return withoutInvisible(label);
}

/** To the minute, in UTC: the same for everyone who reads the page over somebody's shoulder. */
function time(ms: number): Markup {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}

function page({ language, cluster }: PageContext, content: Markup): Markup {
  const say: Texts = texts[language];
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${say.title(cluster)}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <main>
          <h1>${say.title(cluster)}</h1>
          ${content}
        </main>
      </body>
    </html>`;
}
