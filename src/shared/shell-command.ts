/**
 * Command lines for people to copy. Names on a cluster may hold almost anything: a member may call a RoleBinding of
 * theirs `$(reboot)`, and an operator runs the command that names it.
 */

/** The words as a POSIX shell reads them back, each quoted where it would read something else. */
export function shellCommand(words: readonly string[]): string {
  return words.map(quote).join(' ');
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

const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;
/** What a terminal doesn't show, or acts on. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

function quote(word: string): string {
  if (plain.test(word)) return word;
  if (invisible.test(word)) return ansiQuoted(word);
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** `$'…'`, which bash, zsh and ksh read, with the invisible characters as their bytes. */
function ansiQuoted(word: string): string {
  const characters = Array.from(word, (character) => {
    if (character === "'" || character === '\\') return `\\${character}`;
    if (!invisible.test(character)) return character;
    return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  });
  return `$'${characters.join('')}'`;
}
