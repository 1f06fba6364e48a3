import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { JlisServices } from '#lib/jlis';
import {
  CertificateTurns,
  CounterpartLookups,
  CounterpartSettlement,
  FirstSights,
  type GivenConsent,
  PendingLinkages,
  type Proof,
  SerialLinkages,
  SerialLinkageSettlement,
  SerialWalker,
} from '#lib/persons';
import { type Call, Clock, Logger } from '#lib/platform';
import { AnchorStore } from '#lib/revocation';
import { createTestDatabase, type TestDatabase } from './database.js';
import { makeClient, makeTlsWorld, startServer, type TestClient } from './jlis-rig.js';
import { type JlisServer, type ReceivedCall, respond } from './jlis-server.js';
import { type HeldCertificate, PersonBench, principalOf } from './persons.js';
import { connect, makeTenant, type TestTenant } from './tenants.js';

const LOGGER = new Logger('test', 'silent');

export const consentAt = (givenAt: number): GivenConsent => ({
  textVersion: 'linkage-v1',
  givenAt,
  covers: ['jlis_use', 'obtain_previous_serial', 'obtain_counterpart'],
});

/** A process that asks J-LIS about persons, on the pool of one role, and one more that owns the database. */
export class LinkageBench {
  readonly clock: Clock;
  readonly persons: PersonBench;
  readonly linkages: SerialLinkages;
  readonly pending: PendingLinkages;
  readonly lookups: CounterpartLookups;

  constructor(
    readonly dataSource: DataSource,
    private readonly owner: DataSource,
    jlis: JlisServices,
  ) {
    this.clock = new Clock(dataSource, LOGGER);
    this.persons = new PersonBench(dataSource);
    const { certificates, register, links } = this.persons;
    const turns = new CertificateTurns();
    const firstSights = new FirstSights(certificates);
    const walker = new SerialWalker(dataSource, jlis, certificates);
    const settlement = new SerialLinkageSettlement(certificates, register, links, firstSights);
    this.linkages = new SerialLinkages(dataSource, this.clock, certificates, turns, walker, settlement);
    this.pending = new PendingLinkages(dataSource, this.clock, certificates, walker, settlement);
    const counterparts = new CounterpartSettlement(certificates, register, links, firstSights);
    const anchors = new AnchorStore(dataSource, LOGGER);
    this.lookups = new CounterpartLookups(dataSource, this.clock, certificates, jlis, anchors, turns, counterparts);
  }

  now(tenant: TestTenant): number {
    return this.clock.now(tenant.mode);
  }

  /** Moves test time for everybody; this process knows at once. */
  async moveClock(offsetMs: number): Promise<void> {
    await this.owner.query('update test_clock set offset_ms = $1', [offsetMs]);
    await this.clock.refresh();
  }

  /** What a successful check just now proves, with the check it came from. */
  async proof(tenant: TestTenant, held: HeldCertificate): Promise<Proof> {
    const proof = await this.persons.proof(tenant, held, this.now(tenant));
    const isAuth = held.kind === 'auth';
    await this.owner.query(
      `insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, outcome, verdict, certificate_kind,
         certificate_hash, challenge_id, tenant_key_id, evidence)
       values ($1, $2, $3, $4, $5, $6, 'valid', '{}', $7, $8, $9, $10, '')`,
      [
        tenant.tenantId,
        tenant.mode,
        proof.verificationId,
        isAuth ? 'authentication' : 'signature',
        tenant.apiKeyId,
        new Date(proof.decidedAt),
        held.kind,
        proof.certificateHash,
        isAuth ? randomUUID() : null,
        tenant.tenantKeyId,
      ],
    );
    return proof;
  }

  async link(
    tenant: TestTenant,
    held: HeldCertificate,
    options: { consent?: GivenConsent | undefined; call?: Call } = {},
  ): ReturnType<SerialLinkages['create']> {
    const { call = { requestId: 'req_test' } } = options;
    const consent = 'consent' in options ? options.consent : consentAt(this.now(tenant));
    return this.linkages.create(principalOf(tenant), consent === undefined ? {} : { consent }, call, () =>
      this.proof(tenant, held),
    );
  }

  async lookUp(
    tenant: TestTenant,
    held: HeldCertificate,
    options: { consent?: GivenConsent | undefined; call?: Call } = {},
  ): ReturnType<CounterpartLookups['create']> {
    const { call = { requestId: 'req_test' } } = options;
    const consent = 'consent' in options ? options.consent : consentAt(this.now(tenant));
    return this.lookups.create(principalOf(tenant), consent === undefined ? {} : { consent }, call, () =>
      this.proof(tenant, held),
    );
  }
}

/** What J-LIS would know: the serial before each auth serial, and which pairs belong together. */
export class JlisRecords {
  readonly previous = new Map<string, string>();
  readonly counterparts = new Map<string, { kind: 'sign' | 'auth'; serial: string }>();
  readonly notYet = new Set<string>();
  chained = false;
  /** Instead of the service's answer, once for each entry. */
  readonly faults: (() => { status: number; body: unknown })[] = [];

  answer({ path, body }: ReceivedCall): { status: number; body: unknown } {
    const fault = this.faults.shift();
    if (fault) return fault();
    const { serial, kind } = (body ?? {}) as { serial: string; kind: string };
    const ok = (answer: unknown): { status: number; body: unknown } => ({ status: 200, body: answer });
    if (path === '/v1/capabilities') return ok({ version: 'test', chained_linkage: this.chained });
    if (this.notYet.has(serial)) return ok({ state: 'not_yet_linkable', retry_after_seconds: 60 });
    if (path === '/v1/serial-linkages') {
      const previous = this.previous.get(serial);
      return ok(previous === undefined ? { state: 'not_found' } : { state: 'linked', previous_serial: previous });
    }
    const counterpart = this.counterparts.get(`${kind}|${serial}`);
    return ok(counterpart ? { state: 'found', counterpart } : { state: 'not_found' });
  }
}

/** A database, a J-LIS that answers from records, a process that serves tenants and one that works in the background. */
export class LinkageStage {
  readonly bench: LinkageBench;
  readonly background: LinkageBench;

  private constructor(
    private readonly database: TestDatabase,
    readonly operator: DataSource,
    /** Sees every row of every tenant. */
    readonly owner: DataSource,
    readonly api: DataSource,
    readonly worker: DataSource,
    readonly server: JlisServer,
    private readonly client: TestClient,
  ) {
    this.bench = this.newBench();
    this.background = new LinkageBench(worker, owner, client.services);
  }

  static async start(): Promise<LinkageStage> {
    const database = await createTestDatabase();
    const { urls } = database;
    const pools = [urls.operator, urls.owner, urls.api, urls.worker] as const;
    const [operator, owner, api, worker] = await Promise.all(pools.map(connect));
    const world = await makeTlsWorld();
    const server = await startServer(world);
    return new LinkageStage(database, operator!, owner!, api!, worker!, server, makeClient(world, server.url));
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.server.stop();
    for (const dataSource of [this.operator, this.owner, this.api, this.worker]) await dataSource.destroy();
    await this.database.drop();
  }

  /** Real time, nothing pending, and a J-LIS that knows nothing yet. */
  async reset(): Promise<JlisRecords> {
    await this.moveClock(0);
    await this.owner.query(
      `update serial_linkage set state = 'not_found', next_attempt_at = null where state = 'pending'`,
    );
    const records = new JlisRecords();
    this.server.answer = (call, response) => {
      const { status, body } = records.answer(call);
      respond(response, status, body);
    };
    this.server.calls.length = 0;
    return records;
  }

  /** One more process that serves tenants. */
  newBench(): LinkageBench {
    return new LinkageBench(this.api, this.owner, this.client.services);
  }

  /** With a contract that includes persons and counterparts. */
  async newTenant(): Promise<TestTenant> {
    const tenant = await makeTenant(this.operator, 'A');
    await this.owner.query('update contract set identify = true, counterpart = true where tenant_id = $1', [
      tenant.tenantId,
    ]);
    return tenant;
  }

  async moveClock(offsetMs: number): Promise<void> {
    await this.bench.moveClock(offsetMs);
    await this.background.moveClock(offsetMs);
  }

  /** The serials that J-LIS was asked about, in order. */
  asked(path = '/v1/serial-linkages'): string[] {
    return this.server.calls
      .filter((call) => call.path === path)
      .map(({ body }) => (body as { serial: string }).serial);
  }

  /** What the tenant is told, in order. */
  events({ tenantId }: TestTenant): Promise<{ type: string; data: Record<string, string> }[]> {
    return this.owner.query('select type, data from event where tenant_id = $1 order by xact, id', [tenantId]);
  }

  async count({ tenantId }: TestTenant, table: string): Promise<number> {
    const rows: { n: number }[] = await this.owner.query(
      `select count(*)::int as n from ${table} where tenant_id = $1`,
      [tenantId],
    );
    return rows[0]!.n;
  }
}
