/** How soon it is seen that the parent is gone. Milliseconds. */
const LOOK_MS = 250;

/**
 * Resolves when the process is told to end. The second time it is told, it ends at once, as without a handler.
 *
 * npm runs programs by a shell, which dies of a signal without handing it on: a hub started by `npx` would stay behind,
 * with its port. So under npm, the end of the parent is a signal too.
 */
export function toldToEnd(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    if (process.env['npm_command'] === undefined) return;
    const parent = process.ppid;
    const look = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(look);
      resolve();
    }, LOOK_MS).unref();
  });
}
