import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { MAX_FILE_OCTETS } from '#lib/monitoring';
import {
  forgetOrigin,
  guardServer,
  hearOutLargeBodies,
  httpServerOptions,
  mustNameHost,
  Problem,
  rememberOrigin,
  SECURITY_HEADERS,
} from '#lib/platform';
import { ApiKeys } from '#lib/tenancy';
import { AnswerTimes } from '#lib/verification';
import { authenticate, callerOf } from './api-key.guard.js';
import { AppModule, type ApiOptions } from './app.module.js';
import { endpointClassOf, mustBeLimited } from './endpoint-class.js';
import { originAddress } from './origin-address.js';
import { problemAnswer } from './problem.filter.js';
import { RequestLimits } from './request-limits.js';
import { FILE_ROUTE } from './status-sweeps.controller.js';

/** One MiB of content in base64, its signature and certificate, and room for the JSON around them. */
const BODY_LIMIT = 2 * 1024 * 1024;

/** Where verifications are made: how long they take is kept. */
const CHECKS: ReadonlySet<string> = new Set(['/v1/signature-verifications', '/v1/authentications']);

/** The application, not listening yet. `preview` builds it without connecting to anything. */
export async function createApp(options: ApiOptions, { preview = false } = {}): Promise<NestFastifyApplication> {
  const bodyOf = (problem: Problem, requestId: string): Record<string, unknown> =>
    problemAnswer(problem, requestId, options.publicUrl);
  const adapter = new FastifyAdapter({
    ...httpServerOptions(options.http, bodyOf),
    bodyLimit: BODY_LIMIT,
    trustProxy: options.trustedProxies.length > 0 && [...options.trustedProxies],
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(options), adapter, {
    bodyParser: false,
    logger: options.logger,
    preview,
    abortOnError: false,
  });
  const server = adapter.getInstance();
  guardServer(adapter.getHttpServer(), { ...options.http, trustedProxies: options.trustedProxies, bodyOf });
  hearOutLargeBodies(server);
  // JSON only: Fastify brings a text parser too.
  server.removeContentTypeParser('text/plain');
  // And CSV, at the one route that takes files; elsewhere none is read, whatever its size.
  server.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: MAX_FILE_OCTETS }, (_request, body, done) =>
    done(null, body),
  );
  server.addHook('preParsing', async (request, _reply, payload) => {
    const isCsv = /^\s*text\/csv\b/i.test(request.headers['content-type'] ?? '');
    const isFileRoute = request.routeOptions.url === FILE_ROUTE;
    if (isCsv && !isFileRoute) throw new Problem('media_type_unsupported');
    return payload;
  });
  server.addHook('onRoute', mustBeLimited);
  if (!preview) {
    const apiKeys = app.get(ApiKeys, { strict: false });
    const limits = app.get(RequestLimits, { strict: false });
    server.addHook('onRequest', async (request, reply) => {
      rememberOrigin(request.id, originAddress(request), Date.now());
      mustNameHost(request);
      const endpointClass = endpointClassOf(request);
      if (endpointClass === undefined) return;
      await limits.admit(await authenticate(request, apiKeys), endpointClass, request, reply);
    });
    server.addHook('onSend', (request, reply, _payload, done) => {
      limits.settle(request, reply);
      done();
    });
    const answerTimes = app.get(AnswerTimes, { strict: false });
    server.addHook('onResponse', (request, reply, done) => {
      const mode = callerOf(request)?.mode;
      const isCheck = CHECKS.has(request.routeOptions.url ?? '') && reply.statusCode === 201;
      if (mode !== undefined && isCheck && !reply.hasHeader('idempotent-replayed'))
        answerTimes.add(mode, reply.elapsedTime, Date.now());
      done();
    });
  }
  server.addHook('onResponse', (request, _reply, done) => {
    forgetOrigin(request.id);
    done();
  });
  server.addHook('onSend', (request, reply, _payload, done) => {
    reply.headers(SECURITY_HEADERS);
    reply.header('x-request-id', request.id);
    if (endpointClassOf(request) !== undefined) reply.header('cache-control', 'no-store');
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
