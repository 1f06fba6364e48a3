import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, SECURITY_HEADERS } from '#lib/platform';
import { AppModule, type AdminOptions } from './app.module.js';
import { admitFiles } from './file-body.js';
import { problemAnswer } from './problem.filter.js';
import { SessionGate } from './session-gate.js';

/** A root certificate in base64 and room for the words around it. */
const BODY_LIMIT = 64 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;

/** The operators' REST, not listening yet. `preview` builds it without connecting to anything. */
export async function createApp(options: AdminOptions, { preview = false } = {}): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
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
  // JSON, and files where they belong: nothing that a form of another site can send: Fastify brings a text parser too.
  server.removeContentTypeParser('text/plain');
  const gate = preview ? undefined : app.get(SessionGate, { strict: false });
  server.addHook('onRequest', async (request) => {
    if (gate && request.url.startsWith('/v1/')) await gate.admit(request);
  });
  admitFiles(server);
  server.addHook('onSend', (request, reply, _payload, done) => {
    reply.headers(SECURITY_HEADERS);
    reply.header('x-request-id', request.id);
    if (request.url.startsWith('/v1/')) reply.header('cache-control', 'no-store');
    done();
  });
  return app;
}

/** The OpenAPI 3.1 document of the operators' REST, made from the code. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Shomei operators’ REST')
    .setDescription(
      'For the console and for operators. A session is a cookie; requests that change something also send `X-CSRF-Token`.',
    )
    .setVersion('1')
    .addCookieAuth('__Host-shomei_session')
    .build();
  return SwaggerModule.createDocument(app, config);
}
