/**
 * Command lines for people to copy. Names on a cluster may hold almost anything: a member may call a RoleBinding of
 * theirs `$(reboot)`, and an operator runs the command that names it.
 */

/**
 * The words as a POSIX shell reads them back, each quoted where it would read something else.
 * Can be joined by `&&`, and by `|` where no word ends with a line break.
 */
export function shellCommand(words: readonly string[]): string {
  const assignments: string[] = [];
  const quoted = words.map((word) => {
    if (!word.endsWith('\n')) return quote(word);
    // "$(…)" drops the line breaks at its end: they are kept before a full stop, which is cut off.
    const name = `word${assignments.length + 1}`;
    assignments.push(`${name}=${printed(`${word}.`)}`);
    return `"\${${name}%.}"`;
  });
  return [...assignments, quoted.join(' ')].join(' && ');
}

/**
 * A template's words: its own text is cut at white space, and what is put in stays whole, whatever it holds.
 * `wordsOf\`-n ${'a b'} delete secret/${'c d'}\`` -> `-n`, `a b`, `delete`, `secret/c d`
 */
export function wordsOf(texts: TemplateStringsArray, ...values: readonly string[]): string[] {
  const words = [''];
  for (const [index, text] of texts.entries()) {
    const [first = '', ...rest] = text.split(/\s+/);
    words.push((words.pop() ?? '') + first, ...rest);
    words.push((words.pop() ?? '') + (values[index] ?? ''));
  }
  return words.filter((word) => word !== '');
}

export type CommandTemplate = (texts: TemplateStringsArray, ...values: readonly string[]) => string;

/** kubectl`-n ${namespace} delete secret/${name}`, from the words that start kubectl. */
export function commandTemplate(start: readonly string[]): CommandTemplate {
  return (...template) => shellCommand([...start, ...wordsOf(...template)]);
}

/**
 * A command of this program, for the same cluster and with the same settings as the run that prints it.
 * @param words its arguments, and flags that are added or given another value
 */
export type CommandLine = (command: string, words?: readonly string[]) => string;

/** zsh takes a word that begins with `=` for the path of a command. */
const plain = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/;
/** What a terminal doesn't show, or acts on. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

function quote(word: string): string {
  if (plain.test(word)) return word;
  if (invisible.test(word)) return printed(word);
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * `"$(printf %b '…')"`, with the bytes of what can't be shown in octal: every POSIX shell reads it, and dash, which is sh
 * on Debian, doesn't read `$'…'`. So are `!`, which bash still looks for in there when a person types, and what
 * would end a quote.
 */
function printed(word: string): string {
  const characters = Array.from(word, (character) => {
    if (!/['"\\!$`]/.test(character) && !invisible.test(character)) return character;
    return [...Buffer.from(character)].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
  });
  return `"$(printf %b '${characters.join('')}')"`;
}
