/** What admission checks between fields, in CEL. What it can't know is a condition of the object instead. */

export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
}

/**
 * Seconds of a duration. In whole numbers: for a text that is put together from others, the API server can't tell how long
 * it may become, and takes the rule for too dear.
 */
const secondsOf = (field: string) =>
  `int(${field}.substring(0, ${field}.size() - 1)) * (${field}.endsWith('d') ? 86400 : ${field}.endsWith('h') ? 3600 : ${field}.endsWith('m') ? 60 : 1)`;

/** Records on the cluster are called `<name>-…`, and the run lock `<name>`. */
export const nameRules: readonly ValidationRule[] = [
  {
    rule: "self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')",
    message: 'the name of a MemberSync has at most 63 characters, and no dot',
  },
];

export function exactlyOne(names: readonly string[], what: string): ValidationRule {
  const given = names.map((name) => `has(self.${name})`);
  return {
    rule: `[${given.join(', ')}].exists_one(given, given)`,
    message: `exactly one ${what} is needed: ${names.join(', ')}`,
  };
}

export const specRules: readonly ValidationRule[] = [
  {
    rule: '!(has(self.interval) && has(self.schedule))',
    message: 'interval and schedule exclude each other: only one of the two can say when runs happen',
    fieldPath: '.interval',
  },
  shorter(
    'interval',
    'self.interval',
    'tokens would expire before the directory is asked again; ask more often, or let tokens live longer',
  ),
  shorter(
    'token.renewBefore',
    'self.token.renewBefore',
    'a token must be renewed after a part of its life; renew later, or let tokens live longer',
  ),
  {
    rule: '!has(self.delivery.secrets) || self.delivery.secrets.__namespace__ != self.accounts.__namespace__',
    message:
      'delivery.secrets.namespace is the namespace of the accounts, where a Secret can make a token that never expires: another namespace is needed',
    fieldPath: '.delivery.secrets.namespace',
  },
];

/** A duration that must be less than a token's life. */
function shorter(name: string, field: string, why: string): ValidationRule {
  const lifetime = 'self.token.lifetime';
  return {
    rule: `!has(${field}) || ${secondsOf(field)} < ${secondsOf(lifetime)}`,
    messageExpression: `'${name} %s (%d s) is not shorter than token.lifetime %s (%d s): ${why}'.format([${field}, ${secondsOf(field)}, ${lifetime}, ${secondsOf(lifetime)}])`,
    fieldPath: `.${name}`,
  };
}
