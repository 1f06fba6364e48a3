import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import {
  guardServer,
  hearOutLargeBodies,
  httpServerOptions,
  mustNameHost,
  type Problem,
  SECURITY_HEADERS,
} from '#lib/platform';
import { AppModule, type AdminOptions } from './app.module.js';
import { serveAssets } from './console.controller.js';
import { admitFiles } from './file-body.js';
import { admitInspectedFiles } from './inspections.controller.js';
import { problemAnswer } from './problem.filter.js';
import { isGated, SessionGate } from './session-gate.js';

/** A root certificate in base64 and room for the words around it. */
const BODY_LIMIT = 64 * 1024;

/** The operators' REST, not listening yet. `preview` builds it without connecting to anything. */
export async function createApp(options: AdminOptions, { preview = false } = {}): Promise<NestFastifyApplication> {
  const bodyOf = (problem: Problem, requestId: string): Record<string, unknown> =>
    problemAnswer(problem, requestId, options.publicUrl);
  const adapter = new FastifyAdapter({
    ...httpServerOptions(options.http, bodyOf),
    bodyLimit: BODY_LIMIT,
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(options), adapter, {
    bodyParser: false,
    logger: options.logger,
    preview,
    abortOnError: false,
  });
  const server = adapter.getInstance();
  guardServer(adapter.getHttpServer(), { ...options.http, trustedProxies: [], bodyOf });
  hearOutLargeBodies(server);
  admitInspectedFiles(server);
  // JSON, and files where they belong: nothing that a form of another site can send: Fastify brings a text parser too.
  server.removeContentTypeParser('text/plain');
  if (options.consoleDir !== undefined) serveAssets(app, options.consoleDir);
  const gate = preview ? undefined : app.get(SessionGate, { strict: false });
  server.addHook('onRequest', async (request) => {
    mustNameHost(request);
    if (gate && isGated(request)) await gate.admit(request);
  });
  admitFiles(server);
  server.addHook('onSend', (request, reply, _payload, done) => {
    // A page of the console has a policy with a nonce of its own.
    const policy = reply.getHeader('content-security-policy');
    reply.headers(SECURITY_HEADERS);
    if (policy !== undefined) reply.header('content-security-policy', policy);
    reply.header('x-request-id', request.id);
    if (isGated(request)) reply.header('cache-control', 'no-store');
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
