import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { JlisServices, JlisUnavailable, type JlisCaller } from '#lib/jlis';
import { toPublicId, withTenant } from '#lib/platform';
import type { KeyedTenancy } from '#lib/tenancy';
import type { ConsentBasis } from './consent-basis.js';
import { KnownCertificates } from './known-certificates.js';
import type { By } from './person.js';
import { type Sight, stepBack, type WalkEnd } from './serial-linkage-walk.js';

/** Longest way back with all its steps, milliseconds: a person may be waiting for it. */
const WALK_TIMEOUT_MS = 20_000;

export interface Walk {
  end: WalkEnd | { state: 'unavailable'; retryAfterMs?: number };
  /** Every serial that J-LIS named on the way. */
  named: readonly string[];
}

/** Asks J-LIS for what a certificate was before, step by step. Holds no transaction meanwhile and writes nothing. */
@Injectable()
export class SerialWalker {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(JlisServices) private readonly jlis: JlisServices,
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
  ) {}

  /**
   * @param question `at`: milliseconds, by the clock of the mode
   * @throws database errors only: what J-LIS does wrong is one of the ends.
   */
  async walk(
    tenancy: KeyedTenancy,
    question: { serialNumber: string; consent: ConsentBasis; at: number; by: By },
  ): Promise<Walk> {
    const asked = [question.serialNumber];
    const named: string[] = [];
    try {
      return { end: await this.stepByStep(tenancy, question, asked, named), named };
    } catch (error) {
      if (!(error instanceof JlisUnavailable)) throw error;
      const { retryAfterSeconds } = error;
      return {
        end: {
          state: 'unavailable',
          ...(retryAfterSeconds === undefined ? {} : { retryAfterMs: retryAfterSeconds * 1000 }),
        },
        named,
      };
    }
  }

  private async stepByStep(
    tenancy: KeyedTenancy,
    { consent, at, by }: { consent: ConsentBasis; at: number; by: By },
    asked: string[],
    named: string[],
  ): Promise<WalkEnd> {
    const deadline = performance.now() + WALK_TIMEOUT_MS;
    const statement = { textVersion: consent.textVersion, givenAt: new Date(consent.givenAt).toISOString() };
    for (let serial = asked[0]!; ;) {
      const subjectHash = await withTenant(this.dataSource, tenancy, (manager) =>
        this.certificates.hashOf(manager, tenancy, { kind: 'auth', serialNumber: serial }),
      );
      const caller: JlisCaller = {
        ...by,
        mode: tenancy.mode,
        serviceId: toPublicId('ten', tenancy.tenantId),
        subjectHash,
        timeoutMs: Math.max(0, deadline - performance.now()),
      };
      const answer = await this.jlis.linkSerial({ ...caller, serial, consent: statement });
      if (answer.state === 'linked') named.push(answer.previousSerial);
      const sight = answer.state === 'linked' ? await this.look(tenancy, answer.previousSerial, at) : undefined;
      const chained = sight?.is === 'unknown' && (await this.jlis.capabilities(caller)).chainedLinkage;
      const step = stepBack(asked, answer, sight, chained);
      if ('end' in step) return step.end;
      serial = step.ask;
      asked.push(serial);
    }
  }

  private look(tenancy: KeyedTenancy, serialNumber: string, at: number): Promise<Sight> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      const hash = await this.certificates.hashOf(manager, tenancy, { kind: 'auth', serialNumber });
      if (await this.certificates.isSevered(manager, [hash], at)) return { is: 'severed' };
      const known = await this.certificates.findByHash(manager, hash);
      return known ? { is: 'known', certificateId: known.id } : { is: 'unknown' };
    });
  }
}
