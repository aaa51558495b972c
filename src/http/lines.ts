/** Lines of a text that comes in pieces, cut anywhere, even in the middle of a character. */

const lineFeed = 0x0a;

/**
 * Yields each line without its end; the last one too, where it has none. Empty lines are left out.
 * @param longest in bytes, without the line's end
 * @throws what `tooLong` makes for a longer line, before it is kept
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  longest: number,
  tooLong: () => Error,
): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, from);
      const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
      length += piece.length;
      if (length > longest) throw tooLong();
      begun.push(piece);
      if (end < 0) break;
      if (length > 0) yield textOf(begun, length);
      begun = [];
      length = 0;
      from = end + 1;
    }
  }
  if (length > 0) yield textOf(begun, length);
}

function textOf(pieces: readonly Buffer[], length: number): string {
  const text = Buffer.concat(pieces, length).toString('utf8');
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
