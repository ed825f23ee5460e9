var __decorate =
  (this && this.__decorate) ||
  function (decorators, target, key, desc) {
    var c = arguments.length,
      r = c < 3 ? target : desc === null ? (desc = Object.getOwnPropertyDescriptor(target, key)) : desc,
      d;
    if (typeof Reflect === 'object' && typeof Reflect.decorate === 'function')
      r = Reflect.decorate(decorators, target, key, desc);
    else
      for (var i = decorators.length - 1; i >= 0; i--)
        if ((d = decorators[i])) r = (c < 3 ? d(r) : c > 3 ? d(target, key, r) : d(target, key)) || r;
    return (c > 3 && r && Object.defineProperty(target, key, r), r);
  };
var __metadata =
  (this && this.__metadata) ||
  function (k, v) {
    if (typeof Reflect === 'object' && typeof Reflect.metadata === 'function') return Reflect.metadata(k, v);
  };
var __param =
  (this && this.__param) ||
  function (paramIndex, decorator) {
    return function (target, key) {
      decorator(target, key, paramIndex);
    };
  };
import { Catch, Inject, Logger } from '@nestjs/common';
import { MercureError } from '../errors.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import { answerError } from './error-answer.js';
import { takeOver } from './exchange.js';
/** The hub's errors, answered the same under every adapter and before any filter of the application. */
let MercureExceptionFilter = class MercureExceptionFilter {
  options;
  logger = new Logger('Mercure');
  constructor(options) {
    this.options = options;
  }
  catch(error, host) {
    const http = host.switchToHttp();
    const exchange = takeOver(http.getRequest(), http.getResponse());
    if (!(error instanceof MercureError) && !('getStatus' in error)) {
      this.logger.error('A request failed unexpectedly', error instanceof Error ? error.stack : undefined);
    }
    answerError(exchange, error, this.options);
  }
};
MercureExceptionFilter = __decorate(
  [Catch(), __param(0, Inject(MERCURE_OPTIONS)), __metadata('design:paramtypes', [Object])],
  MercureExceptionFilter,
);
export { MercureExceptionFilter };
//# sourceMappingURL=mercure-exception.filter.js.map
