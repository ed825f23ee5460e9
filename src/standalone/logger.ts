import type { LoggerService } from '@nestjs/common';
import type { Sources } from './settings.js';
import { inVariables } from './variable-names.js';

/** What the framework tells of a start or an end that fails, which the program tells by itself. */
const TOLD_OTHERWISE: readonly unknown[] = ['ExceptionHandler', 'NestApplication'];

const ignore = (): void => undefined;

/** What the hub and its framework log, as lines like the program's own: only what somebody should act upon. */
export function createLogger(sources: Sources, complain: (line: string) => void): LoggerService {
  const line =
    (level: string) =>
    (message: unknown, ...rest: unknown[]): void => {
      if (TOLD_OTHERWISE.includes(rest.at(-1))) return;
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
