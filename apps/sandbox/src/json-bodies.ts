import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SandboxError } from './sandbox-error.js';

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

/** Makes `app` read JSON bodies of up to `limit` octets. */
export function takeJsonBodies(app: NestFastifyApplication, limit: number): void {
  app.useBodyParser('application/json', { bodyLimit: limit }, (_request, body, done) => {
    const parsed = parseJson(body);
    if (parsed instanceof SandboxError) done(parsed);
    else done(null, parsed);
  });
}
