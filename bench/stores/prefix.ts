/** What the names of all that the benchmark makes in a store begin with: no hub of anybody's has it. */
export function prefixOf(hub: string): string {
  return `mercure_bench_${hub}_`;
}

/** The URL of a store, with the prefix of a hub. */
export function withPrefix(store: string, hub: string): string {
  return `${store}${store.includes('?') ? '&' : '?'}prefix=${prefixOf(hub)}`;
}
