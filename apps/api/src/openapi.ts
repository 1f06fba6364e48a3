import 'reflect-metadata';
import { createSecretKey } from 'node:crypto';
import { Logger, runMain } from '#lib/platform';
import { createApp, openApiDocument } from './create-app.js';

const NO_KEYS = { active: { id: '', privateKey: createSecretKey(Buffer.of(0)) }, published: new Map() };

/** Prints the OpenAPI document; needs no database. */
runMain(async () => {
  const app = await createApp(
    {
      app: 'openapi',
      databaseUrl: 'postgres://none',
      databasePool: 1,
      keyRing: { active: '', keys: new Map() },
      signingKeys: { live: NO_KEYS, test: NO_KEYS },
      webhookTestLoopback: false,
      trustedProxies: [],
      http: { headersTimeoutMs: 1_000, requestTimeoutMs: 1_000, peerConnections: 1 },
      rateLimits: { processes: 1 },
      publicUrl: 'http://127.0.0.1:3000',
      ocspTimeoutMs: 1_000,
      jlis: { endpoints: {}, timeoutMs: 1_000, connections: 1 },
      logger: new Logger('openapi', 'error'),
    },
    { preview: true },
  );
  process.stdout.write(`${JSON.stringify(openApiDocument(app), undefined, 2)}\n`);
});
