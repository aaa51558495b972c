/** Looks for secrets in text that left a process: known ones in every usual spelling, and anything shaped like a token. */

/** `eyJ` is `{"` in base64url: a JWT's header or payload. */
const tokenShape = /eyJ[A-Za-z0-9_-]{10,}/g;
/** The same, encoded once more: base64 has three spellings of a text, by where it begins in a group of three bytes. */
const encodedTokenShape = /(ZXlK|V5S|leU[op])[A-Za-z0-9+/_-]{40,}/g;
const shortestSecret = 8;

/** What was found, cut short so that the finding is not the next leak. */
export function findLeaks(text: string, secrets: Iterable<string>): string[] {
  const findings = new Set<string>();
  const byBeginning = spellingsByBeginning(secrets);
  // One pass over the text however many secrets there are: a test of many runs has thousands.
  for (let at = 0; at + shortestSecret <= text.length; at++) {
    for (const [how, spelling] of byBeginning.get(text.slice(at, at + shortestSecret)) ?? []) {
      if (text.startsWith(spelling, at)) findings.add(`a secret, ${how}: ${spelling.slice(0, 4)}…`);
    }
  }
  for (const shape of [tokenShape, encodedTokenShape]) {
    for (const [match] of text.matchAll(shape)) findings.add(`shaped like a token: ${match.slice(0, 8)}…`);
  }
  return [...findings];
}

type Spelling = readonly [how: string, spelling: string];

function spellingsByBeginning(secrets: Iterable<string>): ReadonlyMap<string, readonly Spelling[]> {
  const byBeginning = new Map<string, Spelling[]>();
  for (const secret of secrets) {
    if (secret.length < shortestSecret) throw new Error('A secret this short is found in any text');
    for (const [how, spelling] of spellings(secret)) {
      const beginning = spelling.slice(0, shortestSecret);
      const others = byBeginning.get(beginning);
      if (others === undefined) byBeginning.set(beginning, [[how, spelling]]);
      else others.push([how, spelling]);
    }
  }
  return byBeginning;
}

function* spellings(secret: string): Generator<Spelling> {
  yield ['as it is', secret];
  // Of a token, the signature alone is as good as the whole: header and payload can be guessed.
  const signature = secret.split('.')[2];
  if (signature !== undefined && signature.length >= shortestSecret) yield ['its signature', signature];
  yield ['percent-encoded', encodeURIComponent(secret)];
  yield ['in hexadecimal', Buffer.from(secret).toString('hex')];
  for (const offset of [0, 1, 2]) {
    for (const encoding of ['base64', 'base64url'] as const) {
      yield [`in ${encoding}`, innerEncoding(secret, offset, encoding)];
    }
  }
}

/** The characters of a base64 text that depend on the secret alone, when it begins `offset` bytes into a group of three. */
function innerEncoding(secret: string, offset: number, encoding: 'base64' | 'base64url'): string {
  const encoded = Buffer.from(`${'\0'.repeat(offset)}${secret}`)
    .toString(encoding)
    .replace(/=+$/, '');
  const from = Math.ceil((offset * 8) / 6);
  return encoded.slice(from, encoded.length - 1);
}
