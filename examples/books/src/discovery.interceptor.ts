import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { MercureService } from 'nestjs-mercure';
import type { Observable } from 'rxjs';

/** Tells whoever gets a resource where its updates are: the `Link` of Mercure's discovery. */
@Injectable()
export class DiscoveryInterceptor implements NestInterceptor {
  constructor(private readonly mercure: MercureService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.mercure.discover(context.switchToHttp().getResponse<object>());
    return next.handle();
  }
}
