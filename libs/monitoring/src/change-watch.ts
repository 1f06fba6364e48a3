import { setImmediate as turn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { CertificateHasher, readCounterpartDisclosure } from '#lib/persons';
import {
  Clock,
  japanDay,
  Logger,
  readInIndexOrder,
  withTenant,
  type Mode,
  type Tenancy,
  type TenantKey,
} from '#lib/platform';
import { changedSerials, readRefreshState, type ChangedSerial } from '#lib/revocation';
import { TenantKeys, type Disclosure } from '#lib/tenancy';
import { tellChanges, tellExpiring } from './tell-changes.js';

/** Changed serials looked for by one statement. */
const AT_ONCE = 50_000;
/** Keyed hashes made without a break. */
const HASHES_AT_ONCE = 2_000;
/** While the changes are hashed for one tenant, the database looks for those of another. */
const TENANTS_AT_ONCE = 2;
/** A change is told once its whole refresh is in: sign and auth lists say together what has happened. */
const QUIET_MS = 5_000;
/** Advisory locks of this class are held per mode while changes are told. */
const LOCK_CLASS = 0x57415443;

interface Watching extends Tenancy {
  epoch: bigint;
  day: string | null;
  lookupKeyId: string;
}

export interface Told {
  changes: number;
  expiring: number;
}

/**
 * Tells tenants of what lists have changed about their persons. Serials of known certificates are under seal, and the
 * keyed hashes by which they are found differ from tenant to tenant; so the changed serials, which are public, are hashed
 * under each tenant's key and joined with its rows in a transaction of its own. See docs/decisions/0026.
 */
@Injectable()
export class ChangeWatch {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /** Tells what is due. @returns undefined when another process is at it */
  async look(mode: Mode, quietMs = QUIET_MS): Promise<Told | undefined> {
    const runner = this.dataSource.createQueryRunner();
    const lock = [LOCK_CLASS, mode === 'live' ? 1 : 2];
    try {
      const [row] = (await runner.query('select pg_try_advisory_lock($1, $2) as locked', lock)) as [
        { locked: boolean },
      ];
      if (!row.locked) return undefined;
      try {
        return await this.tell(mode, quietMs);
      } finally {
        await runner.query('select pg_advisory_unlock($1, $2)', lock);
      }
    } finally {
      await runner.release();
    }
  }

  private async tell(mode: Mode, quietMs: number): Promise<Told> {
    const told: Told = { changes: 0, expiring: 0 };
    const tenants = await this.watching(mode);
    if (tenants.length === 0) return told;
    const at = this.clock.now(mode);
    const day = japanDay(at);
    const { epoch, isSettled } = await readRefreshState(this.dataSource, mode, quietMs);
    const behind = isSettled ? tenants.filter((tenant) => tenant.epoch < epoch) : [];
    const failed = behind.length > 0 ? await this.record(mode, behind, epoch) : new Set<string>();
    await inLanes(tenants, async (tenant) => {
      const isBehind = behind.includes(tenant);
      if (failed.has(tenant.tenantId) || (!isBehind && tenant.day === day)) return;
      await this.each(tenant, failed, async () => {
        await withTenant(this.dataSource, tenant, async (manager) => {
          const when = { at, day, disclosure: await disclosure(manager, tenant) };
          const changes = isSettled ? await tellChanges(manager, tenant, when) : 0;
          const expiring = tenant.day === day ? 0 : await tellExpiring(manager, tenant, when);
          await manager.query('update status_watch set epoch = $3, day = $4 where tenant_id = $1 and mode = $2', [
            tenant.tenantId,
            mode,
            String(isBehind ? epoch : tenant.epoch),
            // What is due by the day waits for a refresh that is under way.
            isSettled ? day : tenant.day,
          ]);
          told.changes += changes;
          told.expiring += expiring;
        });
      });
    });
    if (told.changes + told.expiring > 0) this.logger.log('changes_told', { mode, ...told });
    return told;
  }

  /** Puts down which certificates of each tenant the lists up to `epoch` are about. @returns tenants it failed for */
  private async record(mode: Mode, tenants: readonly Watching[], epoch: bigint): Promise<Set<string>> {
    const failed = new Set<string>();
    const after = tenants.reduce((least, tenant) => (tenant.epoch < least ? tenant.epoch : least), epoch);
    for await (const changes of changedSerials(this.dataSource, mode, { after, upTo: epoch }, AT_ONCE))
      await inLanes(tenants, async (tenant) => {
        const fresh = tenant.epoch === after ? changes : changes.filter((change) => change.epoch > tenant.epoch);
        if (fresh.length === 0 || failed.has(tenant.tenantId)) return;
        await this.each(tenant, failed, () => this.recordFor(tenant, fresh));
      });
    return failed;
  }

  /** One tenant's trouble, for example the want of its key, keeps nobody else's events from them, and loses none of its own. */
  private async each({ tenantId, mode }: Watching, failed: Set<string>, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      failed.add(tenantId);
      this.logger.error('changes_not_told', { tenant: tenantId, mode, error });
    }
  }

  private async recordFor(tenant: Watching, changes: readonly ChangedSerial[]): Promise<void> {
    const { tenantId, mode } = tenant;
    const knows = await withTenant(this.dataSource, tenant, async (manager) => {
      const rows: unknown[] = await manager.query(
        'select 1 from person_certificate where tenant_id = $1 and mode = $2 limit 1',
        [tenantId, mode],
      );
      return rows.length > 0;
    });
    if (!knows) return;
    const hashes = await hashesOf(await this.tenantKeys.get(tenant, tenant.lookupKeyId), changes);
    await withTenant(this.dataSource, tenant, async (manager) => {
      await readInIndexOrder(manager);
      // How many of them are known cannot be estimated, and comparing each known one with all of them would look cheap.
      await manager.query('set local enable_nestloop = off');
      await manager.query(
        // All at once: the index is read along both, its entries and the hashes in their order.
        `with changed as materialized (
           select crl_id, substring($3::bytea from (32 * (n - 1) + 1)::int for 32) as hash
           from unnest($4::bigint[]) with ordinality as l(crl_id, n))
         insert into status_change (tenant_id, mode, certificate_id, crl_id)
         select $1, $2, c.id, l.crl_id
         from changed l join (
           select id, certificate_hash from person_certificate
           where tenant_id = $1 and mode = $2 and certificate_hash = any(array(select hash from changed))
             and not hop and (provenance <> 'counterpart' or $5 <> 'none')
           order by certificate_hash offset 0) c on c.certificate_hash = l.hash
         on conflict do nothing`,
        [tenantId, mode, hashes, `{${changes.map(({ crlId }) => crlId).join(',')}}`, await disclosure(manager, tenant)],
      );
    });
  }

  private async watching(mode: Mode): Promise<Watching[]> {
    const rows: { tenant_id: string; epoch: string; day: string | null; lookup_key_id: string }[] =
      await this.dataSource.query('select * from watching_tenants($1)', [mode]);
    return rows.map((row) => ({
      tenantId: row.tenant_id,
      mode,
      epoch: BigInt(row.epoch),
      day: row.day,
      lookupKeyId: row.lookup_key_id,
    }));
  }
}

/** Tenants one after the other, some of them beside each other. */
async function inLanes(tenants: readonly Watching[], work: (tenant: Watching) => Promise<void>): Promise<void> {
  const waiting = tenants.values();
  const lane = async (): Promise<void> => {
    for (const tenant of waiting) await work(tenant);
  };
  await Promise.all(Array.from({ length: TENANTS_AT_ONCE }, lane));
}

/** Of real time, whatever the clock of test says. */
const disclosure = (manager: EntityManager, tenancy: Tenancy): Promise<Disclosure> =>
  readCounterpartDisclosure(manager, tenancy, Date.now());

/** The keyed hash of each, 32 octets, one after the other. */
async function hashesOf(key: TenantKey, changes: readonly ChangedSerial[]): Promise<Buffer> {
  const hasher = new CertificateHasher(key);
  const hashes = Buffer.allocUnsafe(32 * changes.length);
  for (const [index, { hierarchy, serialNumber }] of changes.entries()) {
    hasher.put(hierarchy, serialNumber, hashes, 32 * index);
    if (index % HASHES_AT_ONCE === HASHES_AT_ONCE - 1) await turn();
  }
  return hashes;
}
