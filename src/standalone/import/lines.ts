/** A line of a file, from 1. */
export interface Line {
  readonly number: number;
  /** Undefined: it is no UTF-8. */
  readonly text: string | undefined;
}

const LINE_FEED = 0x0a;

/** The lines of a stream that are not empty, and where it ends without a line feed, the rest. */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 0;
  let pieces: Uint8Array[] = [];
  const take = (): Line => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    return { number: ++number, text: decoded(bytes) };
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      pieces.push(chunk.subarray(start, end));
      start = end + 1;
      const line = take();
      if (line.text?.trim() !== '') yield line;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
  if (pieces.length > 0) yield take();
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
