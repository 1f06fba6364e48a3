import type pg from 'pg';
import type { QueryRunner } from 'typeorm';
import type {
  AskedCertificate,
  CertificateOpener,
  CertificateSecret,
  OpenedCertificate,
  Provenance,
} from '#lib/persons';
import { copyOctets, readInIndexOrder, type SealedPlace, type Tenancy } from '#lib/platform';
import { copyRows, type RowOctets } from '#lib/revocation';
import type { Disclosure } from '#lib/tenancy';
import { POSTGRES_EPOCH_MS } from './pg-array.js';
import type { Sweep } from './sweep.js';
import { literal, NOBODY, TIME, UUID } from './sql-literal.js';
import { nextPersons, uncheckedSql } from './sweep-selection.js';

/** A known certificate with the places of its id and its keyed hash in the octets of its chunk. */
export interface SweptCertificate extends AskedCertificate {
  idAt: number;
  hashAt: number;
}

/** A person of a chunk with what is known of the certificates that may be asked about, in the order they became known. */
export interface SweptPerson {
  /** Where the octets of the chunk have the id. */
  idAt: number;
  certificates: OpenedCertificate<SweptCertificate>[];
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
  /** Ids of persons, keyed hashes of certificates, and what was sealed: objects of their own would be many a person. */
  octets: Buffer;
  /** After whom it goes on: whoever was looked at last, asked about or not. Absent: nobody was left. */
  last?: string;
  /** Nobody comes after these. */
  isLast: boolean;
}

/**
 * The next persons of a sweep by their ids, with their certificates opened: one statement, whose rows come as octets.
 * Of everybody, the certificates are a stretch of the index by person, read from one end to the other after the persons, and
 * put to them here. Of others, each person's rows are looked up, lateral; both in the order of the one index that is meant:
 * see `readInIndexOrder`.
 * Who was checked since a time is passed over here, a stretch of persons at a time, so that choosing a million is no work
 * of its own that could be lost.
 * In the caller's transaction of the tenant.
 * @param openers by the ids of the keys: every key of the tenant and mode
 * @throws SweepFailed
 */
export async function readChunk(
  runner: QueryRunner,
  { tenancy, sweep, beganAt, after, counterpartOnly, limit }: ChunkQuestion,
  openers: ReadonlyMap<string, CertificateOpener>,
): Promise<Chunk> {
  const own = `tenant_id = ${literal(tenancy.tenantId, UUID)} and mode = '${tenancy.mode}'`;
  const from = literal(after ?? NOBODY, UUID);
  await readInIndexOrder(runner.manager);
  let people: string;
  let passed: { last?: string; count: number } | undefined;
  if (sweep.selection === 'not_checked_since') {
    passed = await nextPersons(runner.manager, tenancy, after, limit);
    if (passed.last === undefined) return { persons: [], octets: Buffer.alloc(0), isLast: true };
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
  const of = `c.${own.replace('and ', 'and c.')} and not c.hop ${kind} ${counterparts}`;
  const columns = `c.id, c.kind, c.certificate_hash, c.provenance, c.anchor, c.not_after, c.tenant_key_id, c.sealed`;
  const intake = new Intake(openers, sweep.selection === 'all');
  let select: string;
  if (sweep.selection === 'all') {
    // Several processes would give their rows in no order.
    await runner.manager.query('set local max_parallel_workers_per_gather = 0');
    select = `select id, null, null, null, null, null, null, null, null from people
      union all (
        select c.person_id, ${columns} from person_certificate c
        where ${of} and c.person_id > ${from} and c.person_id <= (select id from people order by id desc limit 1)
        order by c.person_id, c.first_seen_at, c.id offset 0)`;
  } else
    select = `select people.id, ${columns}
      from people left join lateral (
        select * from person_certificate c where c.person_id = people.root and ${of}
        order by c.first_seen_at, c.id offset 0) c on true
      order by people.id, c.first_seen_at, c.id`;
  // TypeORM gives the driver's connection.
  const client = (await runner.connect()) as pg.PoolClient;
  await copyRows(client, `with people as materialized (${people}) ${select}`, (row) => intake.take(row));
  const { persons, octets } = intake.open();
  const end = persons.at(-1);
  const last = passed === undefined ? end && uuid(octets, end.idAt) : passed.last;
  const isLast = (passed?.count ?? persons.length) < limit;
  return { persons, octets, isLast, ...(last === undefined ? {} : { last }) };
}

/** Fields of a row. */
const PERSON = 0;
const CERTIFICATE = 1;
const KIND = 2;
const HASH = 3;
const PROVENANCE = 4;
const ANCHOR = 5;
const NOT_AFTER = 6;
const KEY = 7;
const SEALED = 8;

/** Takes rows in, those of a person one after the other. Most say of themselves what the row before said. */
class Intake {
  /** Whom the certificates that come are put to, where all persons come first. */
  private at = 0;
  readonly persons: SweptPerson[] = [];
  octets = Buffer.allocUnsafe(65_536);
  private end = 0;
  private readonly sealed = new Map<string, SealedRows>();
  private readonly provenance = new LastText('latin1');
  private readonly anchor = new LastText('latin1');
  private readonly key = new LastText('hex');
  private current: SweptPerson | undefined;

  /** @param personsFirst certificates come after all persons, in the same order, and also of others than these persons */
  constructor(
    private readonly openers: ReadonlyMap<string, CertificateOpener>,
    private readonly personsFirst: boolean,
  ) {}

  take({ octets, starts, ends }: RowOctets): void {
    const personAt = starts[PERSON]!;
    const isPerson = ends[SEALED] === starts[SEALED];
    if (this.personsFirst && !isPerson) this.current = this.find(octets, personAt);
    else if (this.current === undefined || !isSame(octets, personAt, this.octets, this.current.idAt, 16))
      this.persons.push((this.current = { idAt: this.keep(octets, personAt, personAt + 16), certificates: [] }));
    if (isPerson || this.current === undefined) return;
    const certificate: SweptCertificate = {
      kind: octets[starts[KIND]!] === LETTER_S ? 'sign' : 'auth',
      provenance: this.provenance.of(octets, starts[PROVENANCE]!, ends[PROVENANCE]!) as Provenance,
      idAt: this.keep(octets, starts[CERTIFICATE]!, ends[CERTIFICATE]!),
      hashAt: this.keep(octets, starts[HASH]!, ends[HASH]!),
    };
    if (ends[ANCHOR]! > starts[ANCHOR]!) certificate.anchor = this.anchor.of(octets, starts[ANCHOR]!, ends[ANCHOR]!);
    if (ends[NOT_AFTER]! > starts[NOT_AFTER]!) certificate.notAfter = timeAt(octets, starts[NOT_AFTER]!);
    const opened = { certificate, secret: SEALED_YET };
    this.current.certificates.push(opened);
    const key = this.key.of(octets, starts[KEY]!, ends[KEY]!);
    let rows = this.sealed.get(key);
    if (rows === undefined) this.sealed.set(key, (rows = { places: [], certificates: [] }));
    const start = this.keep(octets, starts[SEALED]!, ends[SEALED]!);
    rows.places.push({ start, end: this.end });
    rows.certificates.push(opened);
  }

  /** The person with an id that does not come before the one found last. */
  private find(octets: Buffer, from: number): SweptPerson | undefined {
    for (; this.at < this.persons.length; this.at++) {
      const person = this.persons[this.at]!;
      const order = octets.compare(this.octets, person.idAt, person.idAt + 16, from, from + 16);
      if (order <= 0) return order === 0 ? person : undefined;
    }
    return undefined;
  }

  /** Opens all that was taken in. @throws SweepFailed */
  open(): Pick<Chunk, 'persons' | 'octets'> {
    for (const [key, { places, certificates }] of this.sealed) {
      const opener = this.openers.get(uuidOf(key));
      if (!opener) throw new SweepFailed('tenant_key_unavailable');
      try {
        const secrets = opener.open(this.octets, places, (index) => certificates[index]!.certificate.idAt);
        for (const [index, secret] of secrets.entries()) certificates[index]!.secret = secret;
      } catch (cause) {
        throw new SweepFailed('certificate_unreadable', { cause });
      }
    }
    return { persons: this.persons, octets: this.octets };
  }

  /** The driver's buffer goes on to hold other rows. */
  private keep(source: Buffer, start: number, end: number): number {
    const at = this.end;
    this.end += end - start;
    if (this.end > this.octets.length) this.octets = Buffer.concat([this.octets], 2 * this.end);
    copyOctets(source, start, end, this.octets, at);
    return at;
  }
}

/** Certificates of one key, and where they lie sealed. */
interface SealedRows {
  places: SealedPlace[];
  certificates: OpenedCertificate<SweptCertificate>[];
}
const SEALED_YET: CertificateSecret = { serialNumber: '' };

/** Text that comes again and again, made once for as long as it is the same. */
class LastText {
  private octets = Buffer.alloc(0);
  private text = '';

  constructor(private readonly encoding: 'latin1' | 'hex') {}

  of(source: Buffer, start: number, end: number): string {
    if (end - start !== this.octets.length || !isSame(source, start, this.octets, 0, end - start)) {
      this.octets = Buffer.from(source.subarray(start, end));
      this.text = this.octets.toString(this.encoding);
    }
    return this.text;
  }
}

function isSame(a: Buffer, at: number, b: Buffer, from: number, length: number): boolean {
  for (let n = length - 1; n >= 0; n--) if (a[at + n] !== b[from + n]) return false;
  return true;
}

/** A timestamptz, in milliseconds. */
const timeAt = (octets: Buffer, at: number): number =>
  Math.floor((octets.readInt32BE(at) * 2 ** 32 + octets.readUInt32BE(at + 4)) / 1_000) + POSTGRES_EPOCH_MS;

const LETTER_S = 's'.charCodeAt(0);

const uuid = (octets: Buffer, at: number): string => uuidOf(octets.toString('hex', at, at + 16));

const uuidOf = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
