/**
 * Takes secrets out of text that is about to leave the process: the keys it was told, the tokens that are held for
 * delivery, and anything that has the shape of a token, each of them raw and as base64.
 */

const mark = '[redacted]';

/** Three base64url parts, the first a JSON object; a part cut short still counts from the second on. */
const tokenShape = /eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}/g;
/** The base64 of such a token: `eyJ` has three spellings there, by where it begins in a group of three bytes. */
const encodedTokenShape = /(?:ZXlK[A-Za-z0-9+/_-]{12,}|(?:V5S|leU[op])[A-Za-z0-9+/_-]{40,})={0,2}/g;
const shortestSecret = 4;
/**
 * A secret that is an ordinary word, such as a test set-up has: taken out wherever it stands, it would take the sense out
 * of messages. It is taken out where a value stands: after an equals sign, and in quotes that are not JSON's own.
 */
const ordinaryWord = /^[a-z]{4,12}$/i;
const beforeValue = '(?<=[\'`=]|\\\\"|(?<![:{,[])")';
const afterValue = '(?=[\'`"&,;)\\s]|\\\\"|$)';

/** Words long enough to be a piece of a token, looked up in what is held. */
const longWord = /[A-Za-z0-9_-]{24,}/g;

/** Something that holds secrets and can say whether a piece of text is part of one. */
export interface SecretHolder {
  holds(piece: string): boolean;
}

export class Redactor {
  readonly #values = new Set<string>();
  readonly #words = new Map<string, RegExp>();
  readonly #holders = new Set<SecretHolder>();

  /** A secret to take out from now on, in every spelling. Shorter than 4 characters would blank ordinary text. */
  add(secret: string): void {
    if (secret.length < shortestSecret) return;
    if (ordinaryWord.test(secret)) {
      this.#words.set(secret, new RegExp(`${beforeValue}${secret}${afterValue}`, 'g'));
      return;
    }
    for (const spelling of spellings(secret)) if (spelling.length >= shortestSecret) this.#values.add(spelling);
  }

  /** A store of secrets too many to list, such as the tokens of a delivery. */
  addHolder(holder: SecretHolder): void {
    this.#holders.add(holder);
  }

  redact(text: string): string {
    let result = text;
    for (const value of this.#values) result = result.replaceAll(value, mark);
    for (const word of this.#words.values()) result = result.replace(word, mark);
    result = result.replace(tokenShape, mark).replace(encodedTokenShape, mark);
    if (this.#holders.size > 0) {
      result = result.replace(longWord, (word) => (this.#isHeld(word) ? mark : word));
    }
    return result;
  }

  #isHeld(word: string): boolean {
    for (const holder of this.#holders) if (holder.holds(word)) return true;
    return false;
  }
}

/** As it is, inside JSON, and inside base64: there the characters that depend on the secret alone, not on its neighbours. */
function spellings(secret: string): string[] {
  const encoded = [0, 1, 2].flatMap((offset) => {
    const before = Buffer.alloc(offset);
    const text = Buffer.concat([before, Buffer.from(secret)])
      .toString('base64')
      .replace(/=+$/, '');
    const inner = text.slice(Math.ceil((offset * 8) / 6), -1);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [secret, JSON.stringify(secret).slice(1, -1), ...encoded];
}
