import type { MercureOptions } from '../options/mercure-options.js';

const GENERATIONS = { both: '1.0 and 0.x', '1.0': '1.0', '0.x': '0.x' } as const;

/** What is not among the options of a hub. */
export interface Running {
  /** For people. */
  readonly transport: string;
  /** Processes that share its port. */
  readonly workers: number;
}

/** What a hub that has started says of itself. */
export function banner(origin: string, options: MercureOptions, running: Running): string {
  const { path = '', publicUrl, protocol = 'both', anonymous, publisher, issuers = [] } = options;
  const { transport, workers } = running;
  const publishes = publisher !== undefined || issuers.some((issuer) => issuer.publisher);
  const lines = [
    `Mercure hub: ${origin}${path}`,
    ...(publicUrl === undefined ? [] : [`  public URL:  ${publicUrl}${path}`]),
    `  generations: ${GENERATIONS[protocol]}`,
    `  transport:   ${transport}`,
    ...(workers > 1 ? [`  workers:     ${workers}`] : []),
    `  subscribers: ${anonymous ? 'anybody; private updates with a token' : 'with a token'}`,
    `  publishers:  ${publishes ? 'with a token' : 'none: set MERCURE_PUBLISHER_JWT_KEY'}`,
  ];
  return lines.join('\n');
}
