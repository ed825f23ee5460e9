/**
 * The work that matching has done since the process began, counted in automaton moves.
 *
 * Tests promise that it grows with |pattern| × |topic| and no faster; the index looks at it to know when to let
 * others run. Times would say the same less reliably.
 */
export const steps = { count: 0 };
