import 'reflect-metadata';
import { Logger, runMain } from '#lib/platform';
import { createApp, openApiDocument } from './rest/create-app.js';

/** Prints the OpenAPI document of the operators' REST; needs no database. */
runMain(async () => {
  const app = await createApp(
    {
      app: 'openapi',
      databaseUrl: 'postgres://none',
      databasePool: 1,
      keyRing: { active: '', keys: new Map() },
      publicUrl: 'http://127.0.0.1:3001',
      lateMs: 0,
      settings: [],
      http: { headersTimeoutMs: 1_000, requestTimeoutMs: 1_000, peerConnections: 1 },
      logger: new Logger('openapi', 'error'),
    },
    { preview: true },
  );
  process.stdout.write(`${JSON.stringify(openApiDocument(app), undefined, 2)}\n`);
});
