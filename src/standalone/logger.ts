import type { LoggerService } from '@nestjs/common';
import type { Sources } from './settings.js';
import { inVariables } from './variable-names.js';

const ignore = (): void => undefined;

/** What the hub and its framework log, as lines like the program's own: only what somebody should act upon. */
export function createLogger(sources: Sources, complain: (line: string) => void): LoggerService {
  const line =
    (level: string) =>
    (message: unknown, ...rest: unknown[]): void => {
      if (isOfTheStart(message, rest.at(-1))) return;
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

/** Why the hub does not start is told by the program itself, once. */
function isOfTheStart(message: unknown, context: unknown): boolean {
  return context === 'ExceptionHandler' || (message as NodeJS.ErrnoException).syscall === 'listen';
}
