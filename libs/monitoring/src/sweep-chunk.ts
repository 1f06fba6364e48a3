import type pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { openCertificate, type OpenedCertificate, type Provenance } from '#lib/persons';
import { readInIndexOrder, type Tenancy, type TenantKey } from '#lib/platform';
import { copyOut } from '#lib/revocation';
import type { Disclosure } from '#lib/tenancy';
import type { Sweep } from './sweep.js';
import { literal, NOBODY, TIME, UUID } from './sql-literal.js';
import { nextPersons, uncheckedSql } from './sweep-selection.js';

/** A person of a chunk with what is known of the certificates that may be asked about, in the order they became known. */
export interface SweptPerson {
  id: string;
  certificates: OpenedCertificate[];
}

/** The step cannot go on, and no later one will. Its code is what the sweep's `failure` says. */
export class SweepFailed extends Error {
  override readonly name = 'SweepFailed';
  constructor(
    readonly code: 'certificate_unreadable' | 'tenant_key_unavailable' | 'revocation_data_damaged',
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}

export interface ChunkQuestion {
  tenancy: Tenancy;
  sweep: Pick<Sweep, 'id' | 'selection' | 'certificates' | 'notCheckedSince'>;
  /** When the sweep began, by the database's clock, as PostgreSQL writes it. */
  beganAt: string;
  /** The last person of the chunk before. */
  after: string | undefined;
  counterpartOnly: Disclosure;
  limit: number;
}

/** The next persons of a sweep. */
export interface Chunk {
  persons: SweptPerson[];
  /** After whom it goes on: whoever was looked at last, asked about or not. Absent: nobody was left. */
  last?: string;
  /** Nobody comes after these. */
  isLast: boolean;
}

/**
 * The next persons of a sweep by their ids, with their certificates opened: one statement, whose rows come as octets.
 * Lateral, each person's rows are looked up, and in the order of the one index that is meant: see `readInIndexOrder`.
 * Who was checked since a time is passed over here, a stretch of persons at a time, so that choosing a million is no work
 * of its own that could be lost.
 * In the caller's transaction of the tenant.
 * @param keys every key of the tenant and mode, by id
 * @throws SweepFailed
 */
export async function readChunk(
  runner: QueryRunner,
  { tenancy, sweep, beganAt, after, counterpartOnly, limit }: ChunkQuestion,
  keys: ReadonlyMap<string, TenantKey>,
): Promise<Chunk> {
  const own = `tenant_id = ${literal(tenancy.tenantId, UUID)} and mode = '${tenancy.mode}'`;
  const from = literal(after ?? NOBODY, UUID);
  await readInIndexOrder(runner.manager);
  let people: string;
  let passed: { last?: string; count: number } | undefined;
  if (sweep.selection === 'not_checked_since') {
    passed = await nextPersons(runner.manager, tenancy, after, limit);
    if (passed.last === undefined) return { persons: [], isLast: true };
    const since = new Date(sweep.notCheckedSince!).toISOString();
    const unchecked = uncheckedSql({ tenancy, since, until: beganAt, after: after ?? NOBODY, last: passed.last });
    people = `select id, id as root from (${unchecked}) unchecked`;
  } else if (sweep.selection === 'all')
    people = `select id, id as root from person
      where ${own} and id > ${from} and merged_into is null and deleted_at is null
        and recorded_at <= ${literal(beganAt, TIME)}::timestamptz
      order by id limit ${limit}`;
  else
    people = `select s.person_id as id, coalesce(p.merged_into, s.person_id) as root
      from (select person_id from status_sweep_person
        where ${own} and sweep_id = ${literal(sweep.id, UUID)} and person_id > ${from} order by person_id limit ${limit}) s
      left join lateral (select merged_into from person where ${own} and id = s.person_id limit 1) p on true`;
  const kind = sweep.certificates === 'both' ? '' : `and c.kind = '${sweep.certificates}'`;
  const counterparts = counterpartOnly === 'none' ? `and c.provenance <> 'counterpart'` : '';
  const intake = new Intake(tenancy, keys);
  // TypeORM gives the driver's connection.
  const client = (await runner.connect()) as pg.PoolClient;
  await copyOut(
    client,
    `with people as materialized (${people})
     select people.id, people.root, coalesce(c.id, '${NOBODY}'), coalesce(c.kind, ''), coalesce(c.certificate_hash, ''),
       coalesce(c.provenance, ''), coalesce(c.anchor, ''),
       coalesce((extract(epoch from c.not_after) * 1000)::bigint, -1),
       coalesce((extract(epoch from c.first_seen_at) * 1000)::bigint, 0),
       coalesce(c.tenant_key_id, '${NOBODY}'), coalesce(c.sealed, '')
     from people left join lateral (
       select * from person_certificate c
       where c.person_id = people.root and c.${own.replace('and ', 'and c.')} and not c.hop ${kind} ${counterparts}
       order by c.first_seen_at, c.id offset 0) c on true
     order by people.id, c.first_seen_at, c.id`,
    (fields) => intake.take(fields as Fields),
  );
  const { persons } = intake;
  const last = passed === undefined ? persons.at(-1)?.id : passed.last;
  return { persons, isLast: (passed?.count ?? persons.length) < limit, ...(last === undefined ? {} : { last }) };
}

type Fields = readonly [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];

/** Takes rows in, those of a person one after the other. Most say of themselves what the row before said. */
class Intake {
  readonly persons: SweptPerson[] = [];
  private readonly personId = new LastId();
  private readonly rootId = new LastId();
  private readonly keyId = new LastId();
  private current: SweptPerson | undefined;

  constructor(
    private readonly tenancy: Tenancy,
    private readonly keys: ReadonlyMap<string, TenantKey>,
  ) {}

  /** @throws SweepFailed */
  take([person, root, id, kind, hash, provenance, anchor, notAfter, firstSeenAt, keyId, sealed]: Fields): void {
    const personId = this.personId.of(person);
    if (this.current?.id !== personId) this.persons.push((this.current = { id: personId, certificates: [] }));
    if (sealed.length === 0) return;
    const key = this.keys.get(this.keyId.of(keyId));
    if (!key) throw new SweepFailed('tenant_key_unavailable');
    const certificateId = uuid(id);
    let secret: OpenedCertificate['secret'];
    try {
      secret = openCertificate(key, this.tenancy, certificateId, sealed);
    } catch (cause) {
      throw new SweepFailed('certificate_unreadable', { cause });
    }
    const endsAt = Number(notAfter.readBigInt64BE());
    this.current.certificates.push({
      certificate: {
        id: certificateId,
        personId: root.equals(person) ? personId : this.rootId.of(root),
        kind: kind.toString('latin1') === 'sign' ? 'sign' : 'auth',
        // The driver's buffer goes on to hold other rows.
        certificateHash: Buffer.from(hash),
        provenance: provenance.toString('latin1') as Provenance,
        hop: false,
        firstSeenAt: Number(firstSeenAt.readBigInt64BE()),
        ...(anchor.length === 0 ? {} : { anchor: anchor.toString('latin1') }),
        ...(endsAt < 0 ? {} : { notAfter: endsAt }),
      },
      secret,
    });
  }
}

/** An id as text, made once for as long as it comes again. */
class LastId {
  private readonly octets = Buffer.alloc(16);
  private text = uuid(this.octets);

  of(octets: Buffer): string {
    if (!octets.equals(this.octets)) {
      octets.copy(this.octets);
      this.text = uuid(octets);
    }
    return this.text;
  }
}

function uuid(octets: Buffer): string {
  const hex = octets.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
