const { env } = process;

/** What the environment says; an empty variable counts as absent. */
export const port = Number(env['PORT'] || 3000);

/** The application as its clients see it: topics and the discovery link begin with it. */
export const publicUrl = (env['PUBLIC_URL'] || `http://localhost:${port}`).replace(/\/$/, '');

/** The SQLite file; one that does not exist is made. */
export const database = env['DATABASE'] || 'books.db';

/** Verifies tokens of those who publish over HTTP; without it nobody may. */
export const publisherKey = env['MERCURE_PUBLISHER_JWT_KEY'] || undefined;
