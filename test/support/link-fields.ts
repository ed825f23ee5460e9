import type { IncomingHttpHeaders } from 'node:http';

/** One value of a `Link` field (RFC 8288). */
export interface LinkValue {
  readonly target: string;
  readonly rel?: string;
  readonly 'last-event-id'?: string;
  readonly 'content-type'?: string;
  readonly type?: string;
}

/** The values of a response's `Link` fields, by their relation. */
export function linksOf(headers: IncomingHttpHeaders): Record<string, LinkValue> {
  const text = [headers['link'] ?? []].flat().join(', ');
  const values = [...text.matchAll(/<([^>]*)>((?:; [a-z-]+="(?:[^"\\]|\\.)*")*)/g)].map(
    ([, target, attributes = '']) => {
      const pairs = [...attributes.matchAll(/; ([a-z-]+)="((?:[^"\\]|\\.)*)"/g)];
      const said = pairs.map(([, name, value]) => [name, value!.replaceAll(/\\(.)/g, '$1')]);
      return { target, ...Object.fromEntries(said) } as LinkValue;
    },
  );
  return Object.fromEntries(values.map((value) => [value.rel ?? '', value]));
}
