import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { takeJsonBodies } from '../json-bodies.js';
import { Sandbox } from '../sandbox.js';
import { JlisController } from './jlis.controller.js';
import { JlisProblemFilter } from './jlis-problem-filter.js';
import type { JlisTls } from './jlis-tls.js';
import { PF_FINGERPRINT, PfCertificateGuard } from './pf-certificate.guard.js';

const MAX_BODY_OCTETS = 64 * 1024;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** For headers and body together. */
const REQUEST_TIMEOUT_MS = 30_000;

@Module({})
class JlisModule {
  static around(sandbox: Sandbox, fingerprint: string): DynamicModule {
    return {
      module: JlisModule,
      controllers: [JlisController],
      providers: [
        PfCertificateGuard,
        { provide: Sandbox, useValue: sandbox },
        { provide: PF_FINGERPRINT, useValue: fingerprint },
      ],
    };
  }
}

/** The J-LIS services over mutually authenticated TLS; not listening yet. */
export async function createJlisServer(sandbox: Sandbox, tls: JlisTls, log: Logger): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_OCTETS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    https: {
      ca: tls.ca,
      cert: tls.cert,
      key: tls.key,
      requestCert: true,
      // A wrong certificate gets an answer that says so; the guard looks at `authorized`.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    },
  });
  const options = { logger: false, abortOnError: false } as const;
  const module = JlisModule.around(sandbox, tls.clientFingerprint);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, options);
  takeJsonBodies(app, MAX_BODY_OCTETS);
  app.useGlobalFilters(new JlisProblemFilter(log));
  // Nobody without a certificate gets as far as a request.
  app.getHttpServer().on('secureConnection', (socket: TLSSocket) => {
    if (Object.keys(socket.getPeerCertificate()).length === 0) socket.destroy();
  });
  return app;
}
