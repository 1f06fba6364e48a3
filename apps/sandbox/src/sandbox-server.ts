import { Module, StandardSchemaValidationPipe, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { CardsController } from './cards.controller.js';
import { ControlController } from './control.controller.js';
import { CrlController } from './crl.controller.js';
import { ErrorFilter } from './error-filter.js';
import { LoopbackGuard } from './loopback.guard.js';
import { OcspController } from './ocsp.controller.js';
import { SandboxError } from './sandbox-error.js';
import { Sandbox } from './sandbox.js';

const MAX_BODY_OCTETS = 16 * 1024 * 1024;
const MAX_OCSP_REQUEST_OCTETS = 64 * 1024;

@Module({})
class SandboxModule {
  static around(sandbox: Sandbox): DynamicModule {
    return {
      module: SandboxModule,
      controllers: [CardsController, CrlController, OcspController, ControlController],
      providers: [LoopbackGuard, { provide: Sandbox, useValue: sandbox }],
    };
  }
}

interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
}

/** One line for all that a body, query or path does not satisfy. */
const describe = (issues: readonly Issue[]): string =>
  issues
    .map(({ path, message }) => {
      const where = path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
      return where ? `${where}: ${message}` : message;
    })
    .join('; ');

/** Many clients name the media type even where a request has no body; that is no body, not a bad one. */
function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // The parser's message quotes the input; the client knows what it sent.
    return new SandboxError('bad_request', 'the body is not JSON');
  }
}

/** The HTTP application around `sandbox`; not listening yet. */
export async function createServer(sandbox: Sandbox, log: Logger): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ bodyLimit: MAX_BODY_OCTETS, forceCloseConnections: true });
  const options = { logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(SandboxModule.around(sandbox), adapter, options);
  app.useBodyParser('application/ocsp-request', { bodyLimit: MAX_OCSP_REQUEST_OCTETS });
  app.useBodyParser('application/json', { bodyLimit: MAX_BODY_OCTETS }, (_request, body, done) => {
    const parsed = parseJson(body);
    if (parsed instanceof SandboxError) done(parsed);
    else done(null, parsed);
  });
  app.useGlobalPipes(
    new StandardSchemaValidationPipe({
      exceptionFactory: (issues) => new SandboxError('bad_request', describe(issues)),
    }),
  );
  app.useGlobalFilters(new ErrorFilter(log));
  return app;
}
