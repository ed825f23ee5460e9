import type { LoggerService } from '@nestjs/common';
import type { Sources } from './settings.js';
import { inVariables } from './variable-names.js';

/** What a framework tells while it fails; the failure itself is told by the program. */
const TOLD_OTHERWISE = 'ExceptionHandler';

const ignore = (): void => undefined;

/** What the hub and its framework log, as lines like the program's own: only what somebody should act upon. */
export function createLogger(sources: Sources, complain: (line: string) => void): LoggerService {
  const line =
    (level: string) =>
    (message: unknown, ...rest: unknown[]): void => {
      if (rest.at(-1) === TOLD_OTHERWISE) return;
      const stack = rest.find((each): each is string => typeof each === 'string' && each.includes('\n'));
      const text = message instanceof Error ? message.stack : String(message);
      const told = [inVariables(text ?? '', sources), stack].filter((each) => each !== undefined);
      complain(`${level}: ${told.join('\n')}`);
    };
  return {
    log: ignore,
    debug: ignore,
    verbose: ignore,
    warn: line('warning'),
    error: line('error'),
    fatal: line('error'),
  };
}
