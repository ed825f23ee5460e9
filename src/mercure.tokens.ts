/** Injection token of the resolved options. */
export const MERCURE_OPTIONS = Symbol('MERCURE_OPTIONS');
