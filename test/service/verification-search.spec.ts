import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';
import type { OperatorSession } from '#lib/operators';
import { Clock, firstIdOf, Logger, type Mode, toPublicId } from '#lib/platform';
import { countVerifications, searchVerifications, type VerificationSearch } from '#lib/verification';
import { VerificationsController } from '../../apps/admin/src/rest/verifications.controller.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { refusalOf } from '../support/refusal.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

const MANY = 100_000;
const BEGAN = Date.UTC(2026, 9, 1);
/** Between two verifications. */
const STEP_MS = 1_000;
/** Blocks of the table are about 5,000: nobody who reads so few has looked through it. */
const FEW_BLOCKS = 500;

let database: TestDatabase;
let owner: pg.Client;
let admin: DataSource;
let busy: TestTenant;
let quiet: TestTenant;

/** `count` verifications, a second apart; each twentieth is invalid. */
const fill = (tenant: TestTenant, mode: Mode, count: number) =>
  owner.query(
    `insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, recorded_at, outcome, reason_code,
       verdict, certificate_kind, certificate_hash, tenant_key_id, evidence)
     select $1::uuid, $2::tenant_mode, (lpad(to_hex(ms), 12, '0') || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid,
       'signature', $1::uuid, at, at, case when i % 20 = 0 then 'invalid' else 'valid' end::outcome,
       case when i % 20 = 0 then 'revoked' end, '{}', 'sign', sha256(hash::bytea), $1::uuid, '\\x00'
     from generate_series(0, $3::int - 1) as i, lateral (select $4::bigint + i * $5::bigint as ms) as m,
       lateral (select md5(concat(i, $1::uuid, $2::tenant_mode)) as hash, to_timestamp(ms / 1000.0) as at) as h`,
    [tenant.tenantId, mode, count, BEGAN, STEP_MS],
  );

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  admin = await connect(database.urls.admin);
  const operator = await connect(database.urls.operator);
  [busy, quiet] = [await makeTenant(operator, 'busy'), await makeTenant(operator, 'quiet')];
  await operator.destroy();
  await fill(busy, 'test', MANY);
  await fill(busy, 'live', 30);
  await fill(quiet, 'test', 30);
});
afterAll(async () => {
  await admin.destroy();
  await owner.end();
  await database.drop();
});

const WHOLE = { createdAfter: new Date(BEGAN), createdBefore: new Date(BEGAN + 2 * MANY * STEP_MS) };

/** What PostgreSQL reads for a search, and how. */
async function readingOf(search: VerificationSearch): Promise<{ blocks: number; scans: string[] }> {
  let plan: PlanNode | undefined;
  const explaining = {
    transaction: (work: (manager: unknown) => Promise<unknown>) =>
      admin.transaction((manager) =>
        work({
          query: async (sql: string, values?: unknown[]) => {
            if (sql.startsWith('set ')) return manager.query<unknown>(sql);
            const [found] = await manager.query<[{ 'QUERY PLAN': [{ Plan: PlanNode }] }]>(
              `explain (analyze, buffers, format json) ${sql}`,
              values,
            );
            plan = found['QUERY PLAN'][0].Plan;
            return [];
          },
        }),
      ),
  };
  await searchVerifications(explaining as unknown as DataSource, search);
  return { blocks: plan!['Shared Hit Blocks'] + plan!['Shared Read Blocks'], scans: scansOf(plan!) };
}
interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}
const scansOf = (node: PlanNode): string[] => [
  ...(node['Relation Name'] === 'verification' ? [node['Node Type']] : []),
  ...(node.Plans ?? []).flatMap(scansOf),
];

describe('a page among 100,000 verifications', () => {
  const middle = firstIdOf(BEGAN + (MANY / 2) * STEP_MS);
  it.each<[string, () => Partial<VerificationSearch>]>([
    ['of all tenants', () => ({})],
    ['of all tenants, in the middle', () => ({ after: middle })],
    ['of all tenants from the oldest on, in the middle', () => ({ order: 'oldest', after: middle })],
    ['of one tenant', () => ({ tenantId: busy.tenantId })],
    ['of one tenant and mode, in the middle', () => ({ tenantId: busy.tenantId, mode: 'test', after: middle })],
    ['of an outcome', () => ({ outcome: 'invalid' })],
  ])('%s is read by the primary key, and little else', async (_name, search) => {
    const { blocks, scans } = await readingOf({ ...WHOLE, limit: 51, ...search() });
    expect(scans.length).toBeGreaterThan(0);
    for (const scan of scans) expect(scan).toMatch(/^Index (?:Only )?Scan$/);
    expect(blocks).toBeLessThan(search().outcome === undefined ? FEW_BLOCKS : 2 * FEW_BLOCKS);
  });

  it.each(['newest', 'oldest'] as const)(
    'has the %s of all tenants and modes, and the next one goes on where it ends',
    async (order) => {
      const search = { createdAfter: new Date(BEGAN), createdBefore: new Date(BEGAN + 30 * STEP_MS), order };
      const seen: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await searchVerifications(admin, {
          ...search,
          limit: 7,
          ...(after === undefined ? {} : { after }),
        });
        seen.push(...page.map(({ id, tenantId, mode }) => `${id} ${tenantId} ${mode}`));
        if (page.length < 7) break;
        after = page.at(-1)!.id;
      }
      expect(new Set(seen).size).toBe(90);
      expect(seen).toEqual(order === 'oldest' ? [...seen].sort() : [...seen].sort().reverse());
      expect(await countVerifications(admin, { ...search, limit: 1_000 })).toBe(90);
      expect(await countVerifications(admin, { ...search, limit: 50 })).toBe(50);
    },
  );
});

describe('a file of what is found', () => {
  it('is refused beyond 100,000 rows, and made of exactly so many', async () => {
    const clock = new Clock(admin, new Logger('test', 'silent'));
    const controller = new VerificationsController(admin, clock);
    const session = { operatorId: '00000000-0000-4000-8000-000000000001' } as OperatorSession;
    const request = { id: 'req_1', ip: '127.0.0.1' } as FastifyRequest;
    const filter = {
      tenant_id: toPublicId('ten', busy.tenantId),
      created_after: WHOLE.createdAfter.toISOString(),
      created_before: WHOLE.createdBefore.toISOString(),
    };
    expect(await refusalOf(controller.csv(request, session, filter))).toBe('too_many_verifications');
    const recorded = () =>
      owner.query<{ found: number }>(
        `select (detail->>'found')::int as found from audit_event where action = 'verification.export'`,
      );
    expect((await recorded()).rows).toEqual([]);
    (await controller.csv(request, session, { ...filter, mode: 'test' })).getStream().destroy();
    expect((await recorded()).rows).toEqual([{ found: MANY }]);
  });
});
