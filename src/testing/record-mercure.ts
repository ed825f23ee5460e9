import { MODULE_OPTIONS_TOKEN } from '../mercure.module-definition.js';
import { MercureService } from '../mercure.service.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import type { MercureOptions } from '../options/mercure-options.js';
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.js';
import { memory } from '../transport/memory-transport.js';
import { RecordingMercure } from './recording-mercure.js';

/** What is used of the builder that `Test.createTestingModule()` returns. */
export interface OverridesProviders<Builder> {
  overrideProvider(token: unknown): {
    useClass(type: unknown): Builder;
    useFactory(provider: { factory: (options: MercureOptions) => unknown; inject: unknown[] }): Builder;
  };
}

/**
 * Puts a `RecordingMercure` into an application under test, and its hub into memory: no store is asked, whatever its
 * `transport`, and delivery is `'memory'`. Everything else is as the application has it.
 *
 * ```ts
 * const testing = recordMercure(Test.createTestingModule({ imports: [AppModule] }));
 * const app = (await testing.compile()).createNestApplication();
 * await app.init();
 * const mercure = RecordingMercure.of(app);
 * ```
 */
export function recordMercure<Builder extends OverridesProviders<Builder>>(builder: Builder): Builder {
  return builder
    .overrideProvider(MERCURE_OPTIONS)
    .useFactory({ factory: inMemory, inject: [MODULE_OPTIONS_TOKEN] })
    .overrideProvider(MercureService)
    .useClass(RecordingMercure);
}

function inMemory(options: MercureOptions): ResolvedOptions {
  const resolved = resolveOptions({ ...options, transport: memory() });
  const { broadcast } = resolved;
  return { ...resolved, broadcast: broadcast && { ...broadcast, delivery: 'memory' } };
}
