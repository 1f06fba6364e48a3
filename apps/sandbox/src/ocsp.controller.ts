import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { hierarchySchema } from './card-record.js';
import { hangUp } from './hang-up.js';
import type { Hierarchy } from './hierarchy.js';
import { SandboxError } from './sandbox-error.js';
import { Sandbox } from './sandbox.js';

@Controller('ocsp')
export class OcspController {
  constructor(private readonly sandbox: Sandbox) {}

  /** RFC 6960 appendix A.1; failures of the protocol are answers with status 200. */
  @Post(':hierarchy')
  async ask(
    @Param('hierarchy', { schema: hierarchySchema }) hierarchy: Hierarchy,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { requests, faults, ocsp, clock } = this.sandbox;
    requests.add('ocsp');
    const { mode, delay_ms } = faults.ocsp;
    if (delay_ms > 0) await sleep(delay_ms);
    if (mode === 'down') {
      hangUp(reply);
      return;
    }
    if (!Buffer.isBuffer(body)) throw new SandboxError('media_type_unsupported', 'send application/ocsp-request');
    const answer = await ocsp.answer(hierarchy, body, clock.now(), mode);
    await reply.status(200).type('application/ocsp-response').send(answer);
  }
}
