/** The gateway's pages. Everything that somebody chose is escaped by the template. */
import { html } from 'hono/html';
import { readableThumbprint } from '../../devices/device-key.ts';
import { withoutInvisible } from '../../lib/terminal-text.ts';
import type { Device } from '../../registry/devices.ts';
import type { PendingEnrolment } from '../enrol.ts';
import { installCommands, systemOf } from './install.ts';
import { type Markup, type PageContext, page, timeAgo } from './layout.ts';
import { texts } from './texts.ts';

/** @param pending the enrolment that goes on after the login */
export function loginPage(context: PageContext, { pending }: { readonly pending: string | undefined }): Markup {
  const say = texts[context.language];
  const to = pending === undefined ? '/login' : `/login?request=${encodeURIComponent(pending)}`;
  return page(context, {
    heading: say.logIn,
    body: html`<p>${pending === undefined ? say.loginIntro : say.loginForDevice}</p>
      <p><a class="button" href="${to}">${say.logIn}</a></p>`,
  });
}

/** Where members don't log in at an OpenID Connect provider: what to type in a terminal. */
export function terminalPage(context: PageContext): Markup {
  const say = texts[context.language];
  const body = html`<p>${say.terminalOnly}</p>
    ${howToConnect(context)}`;
  return page(context, { heading: say.addDevice, body });
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
  const list = html`<ul class="devices">
    ${devices.map((device) => deviceItem(context, device, csrf))}
  </ul>`;
  return page(context, {
    heading: say.devices,
    body: html`${notice === undefined ? '' : html`<p class="notice" role="status">${notice}</p>`}
      <p>${say.loggedInAs(account)}</p>
      ${devices.length === 0 ? html`<p>${say.noDevices}</p>` : list}
      <h2>${say.addDevice}</h2>
      ${howToConnect(context)}
      <h2>${say.kubeconfig}</h2>
      <p>${say.kubeconfigHow}</p>
      <form method="post" action="/kubeconfig">
        <input type="hidden" name="csrf" value="${csrf}" />
        <button type="submit">${say.kubeconfigDownload}</button>
      </form>
      <hr />
      <form method="post" action="/logout">
        <input type="hidden" name="csrf" value="${csrf}" />
        <button type="submit">${say.logOut}</button>
      </form>`,
  });
}

function deviceItem(context: PageContext, { name, label, createdAt, renewedAt }: Device, csrf: string): Markup {
  const say = texts[context.language];
  const shown = shownName(label);
  return html`<li>
    <h2>${shown}</h2>
    <dl>
      <dt>${say.created}</dt>
      <dd>${timeAgo(context, createdAt)}</dd>
      <dt>${say.lastUsed}</dt>
      <dd>${timeAgo(context, renewedAt)}</dd>
    </dl>
    <form method="post" action="/devices/remove">
      <input type="hidden" name="csrf" value="${csrf}" />
      <input type="hidden" name="device" value="${name}" />
      <button type="submit" class="danger" aria-label="${say.removeDevice(shown)}">${say.remove}</button>
    </form>
  </li>`;
}

function howToConnect({ language, origin, userAgent }: PageContext): Markup {
  const say = texts[language];
  const own = systemOf(userAgent);
  return html`<p>${say.install}</p>
    ${Object.entries(installCommands).map(
      ([system, command]) =>
        html`<details ${system === own ? 'open' : ''}><summary>${system}</summary><pre><code>${command}</code></pre></details>`,
    )}
    <p>${say.addDeviceHow}</p>
    <pre><code>credentials-updater login ${origin}</code></pre>`;
}

export interface ConfirmPage {
  readonly pending: string;
  readonly enrolment: PendingEnrolment;
  readonly account: string;
  readonly csrf: string;
  /** What is wrong with the code that was typed. */
  readonly problem: string | undefined;
}

export function confirmPage(context: PageContext, { pending, enrolment, account, csrf, problem }: ConfirmPage): Markup {
  const say = texts[context.language];
  const { request, address } = enrolment;
  const isProblem = problem !== undefined;
  const invalid = isProblem ? html` aria-invalid="true" aria-describedby="problem"` : '';
  return page(context, {
    heading: say.confirmTitle,
    isProblem,
    body: html`<p>${say.confirmIntro} ${say.loggedInAs(account)}</p>
      <dl>
        <dt>${say.device}</dt>
        <dd>${shownName(request.name)}</dd>
        <dt>${say.address}</dt>
        <dd>${address}</dd>
        <dt>${say.thumbprint}</dt>
        <dd><code>${readableThumbprint(request.thumbprint)}</code></dd>
      </dl>
      <p class="warning">${say.confirmWarning}</p>
      <form method="post" action="/enroll">
        <input type="hidden" name="csrf" value="${csrf}" />
        <input type="hidden" name="request" value="${pending}" />
        <label for="code">${say.code}</label>
        ${isProblem ? html`<p class="problem" id="problem" role="alert">${problem}</p>` : ''}
        <input
          id="code"
          name="code"
          required
          maxlength="20"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          autofocus${invalid}
        />
        <button type="submit">${say.connect}</button>
      </form>`,
  });
}

/** @param detail what operators may need to know, in English, as their logs are */
export function problemPage(context: PageContext, { text, detail }: { text: string; detail?: string }): Markup {
  const say = texts[context.language];
  return page(context, {
    heading: say.problem,
    isProblem: true,
    body: html`<p role="alert">${text}</p>
      ${detail === undefined ? '' : html`<p class="notice">${say.details} <span lang="en">${detail}</span></p>`}
      <p><a href="/">${say.back}</a></p>`,
  });
}

/** A device is called what its owner typed: without what a reader can't see, or that turns the text around. */
export function shownName(label: string): string {
  return withoutInvisible(label);
}
