/** NOTIFY_URL: a message to an incoming webhook. Slack and Discord each have their form; anything else gets both texts and the facts. */
import { type Message, messageText } from './message.ts';
import type { RunFacts } from './run-facts.ts';

export type WebhookForm = 'slack' | 'discord' | 'json';

/** By the address: nothing else tells them apart. Discord takes Slack's form too, under `…/slack`. */
export function webhookForm({ hostname, pathname }: URL): WebhookForm {
  if (/^hooks\.slack(-gov)?\.com$/.test(hostname)) return 'slack';
  if (!/^([a-z]+\.)?discord(app)?\.com$/.test(hostname)) return 'json';
  return /\/slack\/?$/.test(pathname) ? 'slack' : 'discord';
}

/** Discord refuses more than 2,000 characters. */
const longestText = 1_900;

/** The body of the POST, as JSON. */
export function webhookBody(form: WebhookForm, message: Message, facts: RunFacts): object {
  const text = messageText(message);
  switch (form) {
    case 'slack':
      // https://api.slack.com/reference/surfaces/formatting#escaping
      return { text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') };
    case 'discord':
      return { content: text.slice(0, longestText), allowed_mentions: { parse: [] } };
    case 'json': {
      const { outcome, exitCode, step, place, counts, renewalMargin, seconds } = facts;
      const run = { outcome, exitCode, step, ...place, ...counts, slackSeconds: renewalMargin?.seconds, seconds };
      // Mattermost, Rocket.Chat and Zulip read `text` as Slack does, and pass over the rest.
      return { source: 'credentials-updater', text, title: message.title, run };
    }
  }
}
