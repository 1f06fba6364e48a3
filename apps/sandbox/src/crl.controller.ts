import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { hierarchySchema } from './card-record.js';
import { LAYOUTS, type Partition } from './crl-partition.js';
import { truncated, withBadSignature } from './faults.js';
import type { Hierarchy } from './hierarchy.js';
import { hangUp } from './hang-up.js';
import { Sandbox } from './sandbox.js';

const layoutQuerySchema = z.strictObject({ layout: z.enum(LAYOUTS).default('partitioned') });
type LayoutQuery = z.output<typeof layoutQuerySchema>;

interface PartitionView {
  name: string;
  path: string;
  /** Hex key identifier of the CA that signs the CRL. */
  issuer_key_id: string;
  /** Base64 DER Name; null when the CRL covers everything its CA issued. */
  distribution_point: string | null;
}

@Controller('crl')
export class CrlController {
  constructor(private readonly sandbox: Sandbox) {}

  @Get(':hierarchy/index.json')
  async index(
    @Param('hierarchy', { schema: hierarchySchema }) hierarchy: Hierarchy,
    @Query({ schema: layoutQuerySchema }) { layout }: LayoutQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.sandbox.requests.add('crl_index');
    if (!(await this.reachable(reply))) return;
    const partitions = this.sandbox.crls
      .partitions(hierarchy, layout, this.sandbox.clock.now())
      .map(({ name, authority, distributionPoint }): PartitionView => ({
        name,
        path: `/crl/${hierarchy}/${name}.crl`,
        issuer_key_id: authority.issuer.keyId.toString('hex'),
        distribution_point: distributionPoint?.toString('base64') ?? null,
      }));
    await reply.send({ hierarchy, layout, partitions });
  }

  @Get(':hierarchy/:file')
  async file(
    @Param('hierarchy', { schema: hierarchySchema }) hierarchy: Hierarchy,
    @Param('file') file: string,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.sandbox.requests.add('crl_file');
    if (!(await this.reachable(reply))) return;
    const now = this.sandbox.clock.now();
    const partition = this.sandbox.crls.getPartition(hierarchy, file.replace(/\.crl$/, ''), now);
    const bytes = this.bytes(partition, now);
    const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
    void reply.header('etag', etag).header('cache-control', 'no-cache');
    if (known === etag) await reply.status(304).send();
    else await reply.type('application/pkix-crl').send(bytes);
  }

  /** Waits as long as the fault says; false when the connection was dropped instead of answered. */
  private async reachable(reply: FastifyReply): Promise<boolean> {
    const { mode, delay_ms } = this.sandbox.faults.crl;
    if (delay_ms > 0) await sleep(delay_ms);
    if (mode !== 'down') return true;
    hangUp(reply);
    return false;
  }

  private bytes(partition: Partition, now: number): Buffer {
    const { crls, faults } = this.sandbox;
    switch (faults.crl.mode) {
      case 'stale':
      case 'rollback':
      case 'wrong_scope':
        return crls.forge(partition, now, faults.crl.mode);
      // Broken bytes of a CRL nobody has yet, so that nothing but the break can be the reason to refuse it.
      case 'bad_signature':
        return withBadSignature(crls.forge(partition, now, 'next'));
      case 'truncated':
        return truncated(crls.forge(partition, now, 'next'));
      case 'garbage':
        return randomBytes(4096);
      case 'none':
      case 'slow':
      case 'down':
        return crls.publish(partition, now);
    }
  }
}
