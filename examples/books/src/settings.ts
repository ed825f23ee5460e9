const { env } = process;

/** What the environment says; an empty variable counts as absent. */
export const port = portFrom(env['PORT'] || '3000');

/** The application as its clients see it: topics and the discovery link begin with it. */
export const publicUrl = (env['PUBLIC_URL'] || `http://localhost:${port}`).replace(/\/$/, '');

/** The SQLite file; one that does not exist is made. */
export const database = env['DATABASE'] || 'books.db';

/** Verifies tokens of those who publish over HTTP; without it nobody may. */
export const publisherKey = env['MERCURE_PUBLISHER_JWT_KEY'] || undefined;

function portFrom(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= 65_535) return Number(text);
  console.error(`PORT=${JSON.stringify(text)} is no port: give a number from 1 to 65535, like PORT=3001.`);
  return process.exit(1);
}
