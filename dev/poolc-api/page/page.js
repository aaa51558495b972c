/**
 * The page: log in, see the commands, copy them. What it knows of the member is in memory alone, so that closing or
 * reloading the page logs out; no token goes into an address, a cookie or the browser's storage.
 */
import { expiryOf, installCommands, plainCommands, pluginCommands } from './commands.js';
import { words } from './words.js';

const element = (id) => document.getElementById(id);
const maskedToken = '••••••••';

let language = navigator.language.startsWith('ko') ? 'ko' : 'en';
/** The word that the notice shows now, so that it can be said again in the other language. */
let noticeWord;
/** `{loginId, token, cluster}` of who is logged in; token and cluster may be missing. */
let member;
let tokenShown = false;

element('login').addEventListener('submit', (event) => {
  event.preventDefault();
  const button = element('login').querySelector('button');
  button.disabled = true;
  void logIn(element('login-id').value, element('password').value).finally(() => {
    button.disabled = false;
  });
});
element('log-out').addEventListener('click', () => logOut('loggedOut'));
element('copy-all').addEventListener('click', () => {
  void copy(plainCommands(member.cluster, member.token).join('\n'));
});
element('show-token').addEventListener('click', () => {
  tokenShown = !tokenShown;
  render();
});
for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    language = button.dataset.language;
    render();
  });
}
render();

async function logIn(loginId, password) {
  const answer = await ask('/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ loginID: loginId, password }),
  });
  if (answer.status !== 200) {
    notice(answer.status === 401 ? 'wrongLogin' : wordOfFailure(answer.status));
    element('password').select();
    return;
  }
  element('login').reset();
  await showMember(loginId, answer.content.accessToken);
}

async function showMember(loginId, accessToken) {
  const [own, cluster] = await Promise.all([
    ask('/kubernetes/me', { headers: { Authorization: `Bearer ${accessToken}` } }),
    ask('/kubernetes/cluster-info'),
  ]);
  if (own.status === 401) {
    logOut('loginExpired');
    return;
  }
  member = { loginId, token: own.content?.key, cluster: cluster.status === 200 ? cluster.content : undefined };
  if (own.status !== 200) notice(own.status === 404 ? 'noToken' : wordOfFailure(own.status));
  else if (cluster.status !== 200) notice(cluster.status === 404 ? 'noCluster' : wordOfFailure(cluster.status));
  else notice(undefined);
  render();
  element('greeting').focus();
}

function logOut(word) {
  member = undefined;
  tokenShown = false;
  notice(word);
  render();
  element('login-id').focus();
}

/** The status and, where it is JSON, the content of an answer; status 0 when there was none. */
async function ask(path, request) {
  try {
    const answer = await fetch(path, { ...request, cache: 'no-store', credentials: 'omit' });
    const isJson = answer.headers.get('Content-Type')?.startsWith('application/json');
    return { status: answer.status, content: isJson ? await answer.json() : undefined };
  } catch {
    return { status: 0, content: undefined };
  }
}

function wordOfFailure(status) {
  return status === 429 ? 'tooMany' : 'unreachable';
}

function notice(word) {
  noticeWord = word;
  element('notice').hidden = word === undefined;
  element('notice').textContent = word === undefined ? '' : words[language][word];
}

function render() {
  const say = words[language];
  document.documentElement.lang = language;
  document.title = `PoolC · ${say.title}`;
  for (const part of document.querySelectorAll('[data-words]')) part.textContent = say[part.dataset.words];
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset.language === language));
  }
  notice(noticeWord);
  element('login').hidden = member !== undefined;
  element('member').hidden = member === undefined;
  renderMember(say);
}

/** Without a member, nothing of the last one stays in the document. */
function renderMember(say) {
  const { loginId, token, cluster } = member ?? {};
  element('greeting').textContent = loginId === undefined ? '' : say.greeting(loginId);
  element('install').hidden = cluster === undefined;
  const install = installCommands();
  const lines = install.map(({ command }) => command);
  showCommands(element('install-commands'), lines, lines);
  for (const [index, { system }] of install.entries()) label(element('install-commands').children[index], system);
  element('plugin').hidden = cluster === undefined;
  // Nothing is recommended to somebody who gets no token: it would not work.
  element('plugin-title').textContent = token === undefined ? say.pluginTitleAlone : say.pluginTitle;
  element('plain').hidden = cluster === undefined || token === undefined;
  const plugin = pluginCommands(location.origin);
  showCommands(element('plugin-commands'), plugin, plugin);
  const plain = element('plain').hidden ? [] : plainCommands(cluster, token);
  showCommands(
    element('plain-commands'),
    tokenShown || plain.length === 0 ? plain : plainCommands(cluster, maskedToken),
    plain,
  );
  element('show-token').setAttribute('aria-pressed', String(tokenShown));
  element('expiry').textContent = token === undefined ? '' : expiryText(say, token);
}

/** One item a command: what is shown of it, and a button that copies the whole. */
function showCommands(list, shown, whole) {
  list.replaceChildren(
    ...shown.map((text, index) => {
      const code = document.createElement('code');
      code.textContent = text;
      code.tabIndex = 0;
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = words[language].copy;
      button.setAttribute('aria-label', words[language].copyCommand(index + 1));
      button.addEventListener('click', () => {
        void copy(whole[index]);
      });
      const item = document.createElement('li');
      item.append(code, button);
      return item;
    }),
  );
}

function label(item, text) {
  const name = document.createElement('span');
  name.className = 'system';
  name.textContent = text;
  item.prepend(name);
}

function expiryText(say, token) {
  const expiry = expiryOf(token);
  if (expiry === undefined) return '';
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short' }).format(expiry);
  const hours = Math.round((expiry - Date.now()) / 3_600_000);
  if (expiry <= Date.now()) return say.expired(when);
  const relative = new Intl.RelativeTimeFormat(language);
  return say.expires(
    when,
    hours < 48 ? relative.format(hours, 'hour') : relative.format(Math.round(hours / 24), 'day'),
  );
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notice('copied');
  } catch {
    notice('notCopied');
  }
}
