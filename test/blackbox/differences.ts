/** A hub elsewhere, as BLACKBOX_REFERENCE names it. */
export type Reference = 'go-0.24.2' | 'go-1.0';

/** Rows in which a known hub is otherwise: played against it they must fail. docs/protocol.md says who is right. */
export const DIFFERENCES: readonly { readonly hubs: readonly string[]; readonly rows: readonly string[] }[] =
  [];
