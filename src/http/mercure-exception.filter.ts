import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Logger } from '@nestjs/common';
import { MercureError } from '../errors.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { answerError, statusOf } from './error-answer.js';
import { takeOver } from './exchange.js';

/** The hub's errors, answered the same under every adapter and before any filter of the application. */
@Catch()
export class MercureExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('Mercure');

  constructor(@Inject(MERCURE_OPTIONS) private readonly options: ResolvedOptions) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const exchange = takeOver(http.getRequest(), http.getResponse());
    if (!(error instanceof MercureError) && statusOf(error) === undefined) {
      this.logger.error('A request failed unexpectedly', error instanceof Error ? error.stack : undefined);
    }
    answerError(exchange, error, this.options);
  }
}
