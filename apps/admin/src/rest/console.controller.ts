import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Header, Inject, Req, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '#lib/platform';
import { Open } from './session.guard.js';
import { CONSOLE_INDEX } from './settings.js';

/** What the build leaves where each answer's nonce belongs. */
const PLACE = 'CSP_NONCE';
/** First segments of paths that are not the console's, whether or not something answers there. */
const OTHERS = new Set(['v1', 'assets', 'health', 'codes']);

/** @throws Error when the console was not built. */
export function readIndex(directory: string): string {
  const index = readFileSync(join(directory, 'index.html'), 'utf8');
  if (!index.includes(PLACE)) throw new Error(`${directory}/index.html has no place for a nonce`);
  return index;
}

/** The built files. Their names change with their content: a browser asks for each once. */
export function serveAssets(app: NestFastifyApplication, directory: string): void {
  app.useStaticAssets({
    root: join(directory, 'assets'),
    prefix: '/assets/',
    // A route for each file that was there at the start; no path leads anywhere else.
    wildcard: false,
    index: false,
    decorateReply: false,
    preCompressed: true,
    immutable: true,
    maxAge: '365d',
  });
}

/**
 * Styles that the component library writes while it runs carry the nonce; nothing else inline runs or applies, and
 * nothing comes from another host.
 */
const policyOf = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** A path of the console has neither a file name nor a first segment that belongs to somebody else. */
const isPage = (path: string): boolean => !path.includes('.') && !OTHERS.has(path.split('/')[1] ?? '');

/** The console's page under each of its addresses: which one it shows is decided in the browser. */
@ApiExcludeController()
@Open()
@Controller()
export class ConsoleController {
  constructor(@Inject(CONSOLE_INDEX) private readonly index: string) {}

  @Get(['/', '*'])
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-store')
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): string {
    if (!isPage(request.url.split('?')[0]!)) throw new Problem('not_found');
    const nonce = randomBytes(18).toString('base64');
    void reply.header('content-security-policy', policyOf(nonce));
    return this.index.replaceAll(PLACE, nonce);
  }
}
