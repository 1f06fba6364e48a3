import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { forgetOrigin, Problem, rememberOrigin, SECURITY_HEADERS } from '#lib/platform';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeys } from '#lib/tenancy';
import { authenticate } from './api-key.guard.js';
import { AppModule, type ApiOptions } from './app.module.js';
import { originAddress } from './origin-address.js';
import { problemAnswer } from './problem.filter.js';

/** One MiB of content in base64, its signature and certificate, and room for the JSON around them. */
const BODY_LIMIT = 2 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;

/** The application, not listening yet. `preview` builds it without connecting to anything. */
export async function createApp(options: ApiOptions, { preview = false } = {}): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    trustProxy: options.trustedProxies.length > 0 && [...options.trustedProxies],
    requestTimeout: REQUEST_TIMEOUT_MS,
    // What still comes over a kept connection during a graceful stop is answered, and told to close the connection.
    return503OnClosing: false,
    genReqId: () => `req_${randomUUID().replaceAll('-', '')}`,
    // Parsing keeps a member named __proto__ as data; the strict schemas then refuse it like any unknown field.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    routerOptions: { maxParamLength: 128 },
    // A path with a broken escape or an endless id names nothing; the router refuses it before any hook or filter.
    frameworkErrors: (_error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const body = problemAnswer(new Problem('not_found'), request.id, options.publicUrl);
      void reply
        .code(404)
        .headers({ ...SECURITY_HEADERS, 'x-request-id': request.id, 'cache-control': 'no-store' })
        .type('application/problem+json')
        .send(JSON.stringify(body));
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(options), adapter, {
    bodyParser: false,
    logger: options.logger,
    preview,
    abortOnError: false,
  });
  const server = adapter.getInstance();
  // JSON only: Fastify brings a text parser too.
  server.removeContentTypeParser('text/plain');
  const apiKeys = preview ? undefined : app.get(ApiKeys, { strict: false });
  server.addHook('onRequest', async (request) => {
    rememberOrigin(request.id, originAddress(request), Date.now());
    if (apiKeys && request.url.startsWith('/v1/')) await authenticate(request, apiKeys);
  });
  server.addHook('onResponse', (request, _reply, done) => {
    forgetOrigin(request.id);
    done();
  });
  server.addHook('onSend', (request, reply, _payload, done) => {
    reply.headers(SECURITY_HEADERS);
    reply.header('x-request-id', request.id);
    if (request.url.startsWith('/v1/')) reply.header('cache-control', 'no-store');
    done();
  });
  if (!preview) SwaggerModule.setup('docs', app, () => openApiDocument(app), { jsonDocumentUrl: 'docs/openapi.json' });
  return app;
}

/** The OpenAPI 3.1 document of the SP API, made from the code. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Shomei SP API')
    .setDescription('Verification of signatures and authentications made with My Number Cards.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'API key: `shm_test_…` or `shm_live_…`.' })
    .build();
  return SwaggerModule.createDocument(app, config);
}
