import { Module, StandardSchemaValidationPipe, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { CardsController } from './cards.controller.js';
import { ControlController } from './control.controller.js';
import { CrlController } from './crl.controller.js';
import { describeIssues } from './describe-issues.js';
import { ErrorFilter } from './error-filter.js';
import { JlisControlController } from './jlis/jlis-control.controller.js';
import { takeJsonBodies } from './json-bodies.js';
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
      controllers: [CardsController, CrlController, OcspController, ControlController, JlisControlController],
      providers: [LoopbackGuard, { provide: Sandbox, useValue: sandbox }],
    };
  }
}

/** The HTTP application around `sandbox`; not listening yet. */
export async function createServer(sandbox: Sandbox, log: Logger): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ bodyLimit: MAX_BODY_OCTETS, forceCloseConnections: true });
  const options = { logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(SandboxModule.around(sandbox), adapter, options);
  app.useBodyParser('application/ocsp-request', { bodyLimit: MAX_OCSP_REQUEST_OCTETS });
  takeJsonBodies(app, MAX_BODY_OCTETS);
  app.useGlobalPipes(
    new StandardSchemaValidationPipe({
      exceptionFactory: (issues) => new SandboxError('bad_request', describeIssues(issues)),
    }),
  );
  app.useGlobalFilters(new ErrorFilter(log));
  return app;
}
