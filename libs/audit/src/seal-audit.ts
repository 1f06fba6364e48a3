import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Logger, OperatorMustAct, type SigningKey } from '#lib/platform';
import { type Head, nextHead, rowHashOf, type SealedEvent, type Statement } from './audit-form.js';
import { type ChainRow, closeDay, lockChain, storeEnd } from './audit-chain.js';
import { publicKeyOf, signStatement } from './signing-key.js';

/** Injection token of the key that signs. */
export const AUDIT_SIGNING_KEY = Symbol('AUDIT_SIGNING_KEY');

/** Events looked at in one transaction; the door gives no more than 5,000. */
const PAGE = 2_000;

interface Found extends SealedEvent {
  xact: string;
  sealed: boolean;
}

/** The last row of the chain is not what the chain says: somebody has been at it, and nothing may be built on it. */
export class AuditChainBroken extends Error {
  override readonly name = 'AuditChainBroken';
}

/**
 * Puts every event into the chain, in an order that is its own: events of a transaction that commits late come later in
 * the chain and are never missed. Whoever seals holds the lock on the chain's one row, so any number of workers build
 * one chain; a transaction that does not commit leaves nothing behind.
 */
@Injectable()
export class AuditSealer {
  private published = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(AUDIT_SIGNING_KEY) private readonly key: SigningKey,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /**
   * Seals what has been committed, and closes the days that are over.
   * @returns how many events were sealed.
   * @throws AuditChainBroken
   */
  async run(): Promise<number> {
    await this.publishKey();
    const { since, low, cluster } = await this.begin();
    let cursor: { xact: string; id: string | null } = { xact: since, id: null };
    let sealed = 0;
    for (;;) {
      const page = await this.sealPage(cursor);
      sealed += page.sealed;
      if (page.last === undefined) break;
      cursor = page.last;
    }
    // What was committed before `low` was asked for has been looked at; what was not has a transaction from `low` on.
    await this.dataSource.query(
      `update audit_chain set cluster = $2,
         watermark = case when cluster is distinct from $2 then $1::xid8 else greatest(watermark, $1::xid8) end`,
      [low, cluster],
    );
    return sealed;
  }

  /** The chain's keys are known by their public halves, and a key's id never changes its meaning. */
  private async publishKey(): Promise<void> {
    if (this.published) return;
    const publicKey = publicKeyOf(this.key);
    await this.dataSource.query(
      'insert into audit_signing_key (id, public_key) values ($1, $2) on conflict do nothing',
      [this.key.id, publicKey],
    );
    const rows: { id: string; public_key: Buffer }[] = await this.dataSource.query(
      'select id, public_key from audit_signing_key where id = $1 or public_key = $2',
      [this.key.id, publicKey],
    );
    if (rows.length !== 1 || rows[0]!.id !== this.key.id || !rows[0]!.public_key.equals(publicKey))
      throw new OperatorMustAct(`AUDIT_SIGNING_KEY: the id "${this.key.id}" or its key was used with another before`);
    this.published = true;
  }

  /**
   * From which transaction on to look. Transaction numbers are a cluster's own: in a database that was restored into
   * another cluster they say nothing, so there everything is looked through once.
   */
  private async begin(): Promise<{ since: string; low: string; cluster: string }> {
    const rows: { since: string; low: string; cluster: string }[] = await this.dataSource.query(
      `select case when c.cluster is not distinct from s.system_identifier then c.watermark::text else '0' end as since,
         pg_snapshot_xmin(pg_current_snapshot())::text as low, s.system_identifier::text as cluster
       from audit_chain c, pg_control_system() s`,
    );
    return rows[0]!;
  }

  private sealPage(after: { xact: string; id: string | null }): Promise<{
    sealed: number;
    last: { xact: string; id: string } | undefined;
  }> {
    return this.dataSource.transaction(async (manager) => {
      const chain = await lockChain(manager);
      await requireWhole(manager, chain);
      const day = await this.openDay(manager, chain);
      const found: Found[] = await manager.query('select * from unsealed_audit_events($1, $2, $3)', [
        after.xact,
        after.id,
        PAGE,
      ]);
      const fresh = found.filter((event) => !event.sealed);
      const end = await append(manager, { seq: chain.seq, head: chain.head }, day, fresh);
      // Also when nothing happened: the time of the statement says up to when the chain had no more.
      if (fresh.length > 0 || !chain.signed_lately)
        await storeEnd(manager, end, this.sign({ ...chain, ...end, day }, 'checkpoint'));
      const last = found.length < PAGE ? undefined : found.at(-1);
      return { sealed: fresh.length, last: last && { xact: last.xact, id: last.id } };
    });
  }

  /**
   * Closes each day that is over and opens the next. A clock that goes back never reopens one: events then still go into
   * the day that is open.
   */
  private async openDay(manager: EntityManager, chain: ChainRow): Promise<string> {
    let { day } = chain;
    while (day !== null && day < chain.today) {
      const { statement, signature } = this.sign({ ...chain, day }, 'closing');
      day = await closeDay(manager, statement, signature);
      chain.after_seq = chain.seq;
      chain.after_head = chain.head;
      chain.signed_lately = false;
      this.logger.log('audit_day_closed', { ...statement, signature: signature.toString('base64url') });
    }
    if (day !== null) return day;
    await manager.query('update audit_chain set day = $1', [chain.today]);
    return chain.today;
  }

  private sign(
    { day, after_seq, after_head, seq, head, now }: ChainRow & { day: string },
    kind: Statement['kind'],
  ): { statement: Statement; signature: Buffer } {
    const statement = { kind, day, after_seq, after_head, seq, head, signed_at: now, key: this.key.id };
    return { statement, signature: signStatement(this.key, statement) };
  }
}

/** Fails closed: a chain whose end was altered or cut off is not gone on with. */
async function requireWhole(manager: EntityManager, chain: ChainRow): Promise<void> {
  const rows: { seq: string; head: string }[] = await manager.query(
    `select seq, encode(head, 'hex') as head from audit_seal order by seq desc limit 1`,
  );
  const last = rows[0];
  const whole = last ? Number(last.seq) === chain.seq && last.head === chain.head : chain.seq === 0;
  if (!whole) throw new AuditChainBroken(`the chain says ${chain.seq} events, the last seal is ${last?.seq ?? 'none'}`);
}

/** @returns the chain's new end. */
async function append(manager: EntityManager, from: Head, day: string, events: readonly Found[]): Promise<Head> {
  if (events.length === 0) return from;
  let end = from;
  const seals = events.map(({ xact: _xact, sealed: _sealed, ...event }) => {
    const rowHash = rowHashOf(event);
    end = nextHead(end, day, rowHash);
    return { seq: end.seq, event_id: event.id, row_hash: rowHash, head: end.head };
  });
  await manager.query(
    `insert into audit_seal (seq, event_id, day, row_hash, head)
     select s.seq, s.event_id, $2::date, decode(s.row_hash, 'hex'), decode(s.head, 'hex')
     from json_to_recordset($1) as s(seq bigint, event_id uuid, row_hash text, head text)`,
    [JSON.stringify(seals), day],
  );
  return end;
}
