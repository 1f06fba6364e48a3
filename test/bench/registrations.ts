import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { certificateHashOf, sealCertificate } from '#lib/persons';
import { RevocationColumnsBuilder } from '#lib/pki';
import { createDataSource, loadConfig, type KeyRing } from '#lib/platform';
import { createTenant, TenantKeys } from '#lib/tenancy';
import type { Stack } from '../../dev/stack.mjs';
import { ListBench } from '../support/lists.js';

/** Persons written by one statement. */
const AT_ONCE = 25_000;
/** Lists are made now and good for a day; all was revoked two hours ago. */
const HOUR_MS = 3_600_000;
/** When all certificates end, milliseconds: an issuer's silence says nothing of one whose end is not known. */
export const NOT_AFTER = Math.ceil(Date.now() / 1_000 + 2 * 365 * 86_400) * 1_000;
/** Of Linux, whatever the machine. */
const TICKS_PER_SECOND = 100;

/** A different serial number for each index below 2^30: ten digits, four octets, in no order. */
export const serialOf = (index: number): number => (Math.imul(index, 0x9e3779b1) & 0x3fffffff) + 0x40000000;
/** The same in SQL, of an expression. */
export const serialSql = (index: string): string => `(((${index})::bigint * 2654435761) & 1073741823) + 1073741824`;
/** The id that the person or certificate with this number has, in SQL. */
const idSql = (kind: string, number: string): string =>
  `('00000000-0000-7000-${kind}-' || lpad(to_hex(${number}), 12, '0'))::uuid`;
const idOf = (kind: string, number: number): string =>
  `00000000-0000-7000-${kind}-${number.toString(16).padStart(12, '0')}`;
const CERTIFICATES = { sign: '8001', auth: '8002' } as const;
const PERSONS = '8000';

export interface BenchTenant {
  tenantId: string;
  mode: 'test';
}

/** Tenants, registrations and lists as they are in the database after years, written past the rules. */
export class Registrations {
  private constructor(
    readonly owner: pg.Client,
    readonly worker: DataSource,
    readonly operator: DataSource,
    private readonly ownerPool: DataSource,
    readonly keyRing: KeyRing,
    readonly tenantKeys: TenantKeys,
  ) {}

  static async start(stack: Stack): Promise<Registrations> {
    const { urls, secrets } = stack;
    const owner = new pg.Client({ connectionString: urls.database.owner });
    await owner.connect();
    // Foreign keys of what is written here hold by its making.
    await owner.query('set session_replication_role = replica');
    const pool = (url: string) => createDataSource({ url, pool: 6, applicationName: 'bench' }).initialize();
    const [worker, operator, ownerPool] = await Promise.all(
      [urls.database.worker, urls.database.operator, urls.database.owner].map(pool),
    );
    const keyRing = loadConfig(['KEY_RING'], { KEY_RING: JSON.stringify(secrets.keyRing) }).KEY_RING;
    await ListBench.start(ownerPool!);
    return new Registrations(owner, worker!, operator!, ownerPool!, keyRing, new TenantKeys(worker!, keyRing));
  }

  async stop(): Promise<void> {
    await this.owner.end();
    for (const pool of [this.worker, this.operator, this.ownerPool]) await pool.destroy();
  }

  async newTenant(): Promise<BenchTenant> {
    const tenantId = await createTenant(this.operator, this.keyRing, { name: 'bench', actor: 'operator:bench' });
    return { tenantId, mode: 'test' };
  }

  /**
   * Persons with these numbers, each with a sign and an auth certificate known by serial number.
   * @param indexOf the index of both serials
   */
  async register(
    tenant: BenchTenant,
    { from, to, indexOf }: { from: number; to: number; indexOf: (number: number) => number },
  ): Promise<void> {
    const { rows } = await this.owner.query<{ id: string }>(
      `select id from tenant_key where tenant_id = $1 and mode = 'test' order by created_at limit 1`,
      [tenant.tenantId],
    );
    const keyId = rows[0]!.id;
    const key = await this.tenantKeys.get(tenant, keyId);
    for (let first = from; first < to; first += AT_ONCE) {
      const last = Math.min(to, first + AT_ONCE) - 1;
      await this.owner.query(
        `insert into person (tenant_id, mode, id, created_at)
         select $1, 'test', ${idSql(PERSONS, 'n')}, now() from generate_series($2::int, $3::int) as n`,
        [tenant.tenantId, first, last],
      );
      for (const kind of ['sign', 'auth'] as const) {
        const hashes: Buffer[] = [];
        const sealed: Buffer[] = [];
        for (let number = first; number <= last; number++) {
          const serialNumber = String(serialOf(indexOf(number)));
          hashes.push(certificateHashOf(key, kind, serialNumber));
          sealed.push(sealCertificate(key, tenant, idOf(CERTIFICATES[kind], number), { serialNumber }));
        }
        await this.owner.query(
          `insert into person_certificate (tenant_id, mode, id, person_id, kind, certificate_hash, provenance, tenant_key_id,
             sealed, first_seen_at, not_after)
           select $1, 'test', ${idSql(CERTIFICATES[kind], 'n')}, ${idSql(PERSONS, 'n')}, $4,
             substring($5::bytea from 1 + 32 * (n - $2::int) for 32), 'counterpart', $6,
             substring($7::bytea from 1 + $8::int * (n - $2::int) for $8::int), now(),
             to_timestamp($9)
           from generate_series($2::int, $3::int) as n`,
          [
            tenant.tenantId,
            first,
            last,
            kind,
            Buffer.concat(hashes),
            keyId,
            Buffer.concat(sealed),
            sealed[0]!.length,
            NOT_AFTER / 1_000,
          ],
        );
      }
    }
  }

  /**
   * A new whole list of a hierarchy with the serials of indexes from 0, step by step.
   * @param isFirst its entries are the beginning of the history, and else what has changed
   */
  async publish(
    kind: 'sign' | 'auth',
    { count, step = 1, offset = 0, isFirst }: { count: number; step?: number; offset?: number; isFirst: boolean },
  ): Promise<void> {
    const builder = new RevocationColumnsBuilder();
    const seconds = Math.floor((Date.now() - 2 * HOUR_MS) / 1000);
    for (let n = 0; n < count; n++) builder.append(serialOf(offset + n * step), seconds, 3);
    const columns = Buffer.from(builder.build('bench').encode());
    const { rows } = await this.owner.query<{ id: string; partition_id: string }>(
      `insert into crl (mode, partition_id, crl_number, this_update, next_update, sha256, bytes, entry_count, in_force_at)
       select 'test', id, coalesce((select max(c.crl_number) from crl c where c.partition_id = p.id), 0) + 1,
         now() - interval '1 hour', now() + interval '1 day', sha256($2), 1, $3, now() from crl_partition p
       where mode = 'test' and hierarchy = $1 returning id, partition_id`,
      [kind, columns.subarray(0, 100), count],
    );
    const { id, partition_id: partition } = rows[0]!;
    await this.owner.query(
      `insert into crl_snapshot (mode, partition_id, crl_id, columns, baseline) values ('test', $1, $2, $3, $4)`,
      [partition, id, columns, isFirst],
    );
    if (!isFirst)
      await this.owner.query(
        `insert into crl_change (mode, partition_id, serial, crl_id, kind, revoked_at, reason)
         select 'test', $1, int4send((${serialSql(`${offset} + n * ${step}`)})::int), $2, 'added', to_timestamp($3), 3
         from generate_series(0, $4::int - 1) as n`,
        [partition, id, seconds, count],
      );
    await this.owner.query(
      `with next as (update revocation_epoch set epoch = epoch + 1 where mode = 'test' returning epoch),
       list as (update crl set epoch = next.epoch from next where mode = 'test' and id = $2)
       update crl_partition set head_crl_id = $2, epoch = next.epoch, last_attempt_at = clock_timestamp(),
         last_success_at = clock_timestamp() from next where mode = 'test' and id = $1`,
      [partition, id],
    );
  }

  /** As autovacuum leaves tables that have been there for longer than a minute. */
  async settle(...tables: string[]): Promise<void> {
    for (const table of tables) await this.owner.query(`vacuum (analyze) ${table}`);
  }
}

export const timed = async <T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> => {
  const startedAt = performance.now();
  const result = await work();
  return { seconds: (performance.now() - startedAt) / 1_000, result };
};

/** Fields of a process after its name (proc(5)): 1 is its parent, 11 to 14 are ticks of its own and of its ended children. */
function statOf(pid: number | string): number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}
const ticks = (stat: readonly number[], from: number, until: number): number =>
  stat.slice(from, until).reduce((sum, each) => sum + each, 0);

async function backendOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]!.pid;
}

/** Processor time of the backend that serves a connection, seconds. Without its parallel workers. */
export async function backendSeconds(client: pg.Client): Promise<number> {
  return ticks(statOf(await backendOf(client)), 11, 13) / TICKS_PER_SECOND;
}

/** Processor time of all processes of the server, seconds. */
export async function serverSeconds(client: pg.Client): Promise<number> {
  const postmaster = statOf(await backendOf(client))[1]!;
  let all = ticks(statOf(postmaster), 11, 15);
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)))
    try {
      const stat = statOf(pid);
      if (stat[1] === postmaster) all += ticks(stat, 11, 15);
    } catch {
      // It has just ended, and is the postmaster's from then on.
    }
  return all / TICKS_PER_SECOND;
}
/** Processor time of this process, seconds. */
export function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
