import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import {
  claimKey,
  Clock,
  findMade,
  InFlight,
  newId,
  Problem,
  withTenant,
  type Call,
  type Tenancy,
} from '#lib/platform';
import type { Principal } from '#lib/tenancy';

/** 256 bits, so that a nonce never repeats and cannot be guessed. */
const NONCE_BYTES = 32;
const LIFETIME_MS = 5 * 60_000;

export interface Challenge {
  id: string;
  nonce: Buffer;
  createdAt: number;
  expiresAt: number;
}

/** Nonces that a card signs to log in: of one tenant and mode, for five minutes, deciding once. */
@Injectable()
export class Challenges {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async create(principal: Principal, call: Call): Promise<{ challenge: Challenge; replayed: boolean }> {
    return this.inFlight.guard(principal, call.idempotency, async () => {
      const made = await withTenant(this.dataSource, principal, (manager) => this.insert(manager, principal, call));
      if (made) return { challenge: made, replayed: false };
      const challenge = await withTenant(this.dataSource, principal, async (manager) => {
        const id = await findMade(manager, call.idempotency!, 'challenge');
        return id === undefined ? undefined : find(manager, id);
      });
      if (!challenge) throw new Problem('idempotency_in_flight');
      return { challenge, replayed: true };
    });
  }

  /**
   * The challenge as it may be answered now.
   * @throws Problem `challenge_unknown`, `challenge_used` or `challenge_expired`.
   */
  async getOpen(tenancy: Tenancy, id: string, at: number): Promise<Challenge> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      const challenge = await find(manager, id);
      if (!challenge) throw new Problem('challenge_unknown');
      const used: unknown[] = await manager.query('select 1 from challenge_use where challenge_id = $1', [id]);
      if (used.length > 0) throw new Problem('challenge_used');
      if (at >= challenge.expiresAt) throw new Problem('challenge_expired');
      return challenge;
    });
  }

  /** Undefined when the call's Idempotency-Key has made one before; nothing is written then. */
  private async insert(manager: EntityManager, principal: Principal, call: Call): Promise<Challenge | undefined> {
    const now = this.clock.now(principal.mode);
    const challenge = {
      id: newId(Date.now()),
      nonce: randomBytes(NONCE_BYTES),
      createdAt: now,
      expiresAt: now + LIFETIME_MS,
    };
    const made = { resource: 'challenge', id: challenge.id } as const;
    if (call.idempotency && !(await claimKey(manager, principal, call.idempotency, made))) return undefined;
    await manager.query(
      'insert into challenge (tenant_id, mode, id, nonce, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)',
      [
        principal.tenantId,
        principal.mode,
        challenge.id,
        challenge.nonce,
        new Date(challenge.createdAt),
        new Date(challenge.expiresAt),
      ],
    );
    await appendAudit(manager, {
      actor: `api_key:${principal.apiKeyId}`,
      action: 'challenge.create',
      target: `challenge:${challenge.id}`,
      requestId: call.requestId,
      tenancy: principal,
    });
    return challenge;
  }
}

async function find(manager: EntityManager, id: string): Promise<Challenge | undefined> {
  const rows: { id: string; nonce: Buffer; created_at: Date; expires_at: Date }[] = await manager.query(
    'select id, nonce, created_at, expires_at from challenge where id = $1',
    [id],
  );
  const row = rows[0];
  return (
    row && { id: row.id, nonce: row.nonce, createdAt: row.created_at.getTime(), expiresAt: row.expires_at.getTime() }
  );
}
