import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { QueryFailedError, type DataSource } from 'typeorm';
import { withTenant } from '#lib/platform';
import { findUnprotected, JUSTIFIED } from '../support/catalogue.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

let database: TestDatabase;
let owner: pg.Client;
let api: DataSource;
let operator: DataSource;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  api = await connect(database.urls.api);
  operator = await connect(database.urls.operator);
  a = await makeTenant(operator, 'A');
  b = await makeTenant(operator, 'B');
});
afterAll(async () => {
  await owner.end();
  await api.destroy();
  await operator.destroy();
  await database.drop();
});

/** SQLSTATE with which the database refused, or `done`. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    return error instanceof QueryFailedError ? String((error.driverError as { code?: unknown }).code) : String(error);
  }
}
const DENIED = '42501';

describe('the catalogue', () => {
  it('protects every table by tenant and mode, or justifies it', async () => {
    expect(await findUnprotected(owner)).toEqual([]);
  });

  it('has no justification for a table that is gone', async () => {
    const { rows } = await owner.query<{ relname: string }>(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
    );
    expect(Object.keys(JUSTIFIED).filter((table) => !rows.some((row) => row.relname === table))).toEqual([]);
  });

  it.each([
    ['unprotected', 'create table planted (id int primary key)', 'planted: no row-level security'],
    [
      'not forced',
      `create table planted (tenant_id uuid, mode tenant_mode, primary key (tenant_id, mode));
       alter table planted enable row level security`,
      'planted: row-level security is not forced',
    ],
    [
      'without the mode in its policy',
      `create table planted (tenant_id uuid, mode tenant_mode, primary key (tenant_id, mode));
       alter table planted enable row level security; alter table planted force row level security;
       create policy own on planted to shomei_api using (tenant_id = current_tenant())`,
      'planted: policy own of shomei_api is not tenant and mode alone',
    ],
    [
      'whose policy says more than that',
      `create table planted (tenant_id uuid, mode tenant_mode, primary key (tenant_id, mode));
       alter table planted enable row level security; alter table planted force row level security;
       create policy own on planted to shomei_api using (tenant_id = current_tenant() and mode = current_mode() or true)`,
      'planted: policy own of shomei_api is not tenant and mode alone',
    ],
    ['behind a view', 'create view planted as select * from verification', 'planted: is a view'],
    [
      'with a foreign key that could leave the tenant',
      `create table planted (tenant_id uuid, mode tenant_mode, id uuid references api_key (id2), primary key (tenant_id, mode))`,
      'planted: foreign key to api_key leaves out tenant_id or mode',
    ],
  ])('notices a table %s', async (_fault, sql, expected) => {
    await owner.query('begin');
    await owner.query('alter table api_key add column id2 uuid unique');
    await owner.query(sql);
    expect(await findUnprotected(owner)).toContain(expected);
    await owner.query('rollback');
  });

  it('gives no runtime role anything to own, to bypass or to create', async () => {
    const roles = `(select rolname from pg_roles where rolname like 'shomei\\_%' and rolname <> current_user)`;
    const { rows } = await owner.query<{ what: string }>(`
      select rolname as what from pg_roles where rolname in ${roles} and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole)
      union all
      select c.relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname in ${roles}
      union all
      select rolname from pg_roles where rolname in ${roles} and has_schema_privilege(rolname, 'public', 'create')
      union all
      select rolname from pg_roles where rolname in ${roles} and rolcanlogin
        and rolname not in ('shomei_api', 'shomei_worker', 'shomei_admin', 'shomei_operator')`);
    expect(rows).toEqual([]);
  });

  it('fixes the search path of every function that runs with the rights of its owner', async () => {
    const { rows } = await owner.query<{ proname: string; owner: string; config: string[] | null; open: boolean }>(`
      select p.proname, r.rolname as owner, p.proconfig as config,
        has_function_privilege('public', p.oid, 'execute') as open
      from pg_proc p join pg_roles r on r.oid = p.proowner
      where p.pronamespace = 'public'::regnamespace and p.prosecdef order by 1`);
    expect(rows).toEqual([
      ...Object.entries({
        acting_operator: 'shomei_operator_keeper',
        add_answer_times: 'shomei_counter',
        any_tenant_usage: 'shomei_biller',
        append_decided: 'shomei_door',
        audit_backlog: 'shomei_audit_sealer',
        begin_month_close: 'shomei_biller',
        change_operator_password: 'shomei_operator_keeper',
        contracts_to_bill: 'shomei_biller',
        count_checks: 'shomei_counter',
        data_export_page: 'shomei_export_clerk',
        decide_approval: 'shomei_operator_keeper',
        due_serial_linkages: 'shomei_linkage_clerk',
        due_status_sweeps: 'shomei_monitor',
        due_webhook_endpoints: 'shomei_webhook_clerk',
        end_month_close: 'shomei_biller',
        erase_due_consents: 'shomei_retention_clerk',
        erase_due_evidence: 'shomei_retention_clerk',
        erase_due_presentations: 'shomei_retention_clerk',
        erase_due_sweep_results: 'shomei_retention_clerk',
        execute_approval: 'shomei_operator_keeper',
        finalize_invoice: 'shomei_invoicer',
        find_api_key: 'shomei_key_lookup',
        find_ended_operator_session: 'shomei_operator_keeper',
        find_operator_secret: 'shomei_operator_keeper',
        find_operator_session: 'shomei_operator_keeper',
        fix_month_prices: 'shomei_biller',
        forget_webhook_deliveries: 'shomei_webhook_clerk',
        guard_tenant_key: 'shomei_retention_clerk',
        invoice_exports_due: 'shomei_invoicer',
        invoices_of_month: 'shomei_invoicer',
        is_key_of_suspended: 'shomei_tenant_clerk',
        is_password_key: 'shomei_operator_keeper',
        list_any_tenant_usage: 'shomei_biller',
        look_again_when_lifted: 'shomei_retention_clerk',
        make_api_key: 'shomei_key_maker',
        month_usage: 'shomei_biller',
        next_month_to_close: 'shomei_biller',
        note_api_key_use: 'shomei_key_maker',
        open_any_tenant_usage: 'shomei_biller',
        open_data_export: 'shomei_export_clerk',
        open_evidence: 'shomei_evidence_clerk',
        open_operator_session: 'shomei_operator_keeper',
        propose_approval: 'shomei_operator_keeper',
        put_out_events: 'shomei_webhook_clerk',
        referenced_lists: 'shomei_crl_keeper',
        replace_api_key: 'shomei_key_maker',
        reserve_quota: 'shomei_quota_keeper',
        retention_due: 'shomei_retention_clerk',
        return_quota: 'shomei_quota_keeper',
        revoke_api_key: 'shomei_key_maker',
        ring_key_use: 'shomei_key_clerk',
        rotate_api_key: 'shomei_key_maker',
        seal_anew: 'shomei_key_clerk',
        sealed_under_others: 'shomei_key_clerk',
        tenant_key_needs: 'shomei_retention_clerk',
        unsealed_audit_events: 'shomei_audit_sealer',
        watching_tenants: 'shomei_monitor',
      }).map(([proname, ownedBy]) => ({
        proname,
        owner: ownedBy,
        config: [
          'search_path=pg_catalog, public, pg_temp',
          ...(proname === 'month_usage'
            ? ['plan_cache_mode=force_custom_plan', 'work_mem=64MB', 'enable_sort=off']
            : []),
        ],
        open: false,
      })),
    ]);
  });
});

describe('row-level security', () => {
  const insertChallenge = (tenant: TestTenant, mode: string) =>
    `insert into challenge (tenant_id, mode, id, nonce, created_at, expires_at)
     values ('${tenant.tenantId}', '${mode}', gen_random_uuid(), decode(repeat('00', 32), 'hex'), now(), now() + interval '5 min')`;

  it('shows nothing to a connection that names no tenant, also after a transaction that did', async () => {
    await withTenant(api, a, (manager) => manager.query(insertChallenge(a, 'test')));
    for (const table of ['challenge', 'contract', 'tenant_key', 'tenant'])
      expect(await api.query(`select 1 from ${table}`)).toEqual([]);
  });

  it("hides one tenant's rows from another, and one mode's from the other", async () => {
    const seen = async (tenancy: { tenantId: string; mode: 'live' | 'test' }): Promise<number> =>
      withTenant(api, tenancy, async (manager) => {
        const rows: unknown[] = await manager.query('select 1 from challenge');
        return rows.length;
      });
    expect(await seen(a)).toBeGreaterThan(0);
    expect(await seen(b)).toBe(0);
    expect(await seen({ tenantId: a.tenantId, mode: 'live' })).toBe(0);
  });

  it('refuses to write for another tenant or mode', async () => {
    expect(await codeOf(withTenant(api, a, (manager) => manager.query(insertChallenge(b, 'test'))))).toBe(DENIED);
    expect(await codeOf(withTenant(api, a, (manager) => manager.query(insertChallenge(a, 'live'))))).toBe(DENIED);
  });

  it('refuses an audit event in the name of another tenant, or of none', async () => {
    const insert = (tenantId: string | null, mode: string | null) =>
      withTenant(api, a, (manager) =>
        manager.query(
          `insert into audit_event (id, tenant_id, mode, actor, action, target) values (gen_random_uuid(), $1, $2, 'x', 'x', 'x')`,
          [tenantId, mode],
        ),
      );
    expect(await codeOf(insert(a.tenantId, 'test'))).toBe('done');
    expect(await codeOf(insert(b.tenantId, 'test'))).toBe(DENIED);
    expect(await codeOf(insert(a.tenantId, 'live'))).toBe(DENIED);
    expect(await codeOf(insert(null, null))).toBe(DENIED);
  });

  it.each([
    'insert into verification (id) values (gen_random_uuid())',
    'insert into usage_event (id) values (gen_random_uuid())',
    'insert into challenge_use (challenge_id) values (gen_random_uuid())',
    'update verification set outcome = $$valid$$',
    'delete from verification',
    'delete from usage_event',
    'update audit_event set actor = $$nobody$$',
    'delete from audit_event',
    'select xact from audit_event',
    'insert into audit_event (id, actor, action, target, recorded_at) values (gen_random_uuid(), $$x$$, $$x$$, $$x$$, $$2020-01-01$$)',
    'select 1 from audit_seal',
    'select 1 from audit_chain',
    'select * from unsealed_audit_events($$0$$, null, 1)',
    'select * from audit_backlog($$0$$)',
    'select secret_sha256 from api_key',
    'update api_key set revoked_at = null',
    'update test_clock set offset_ms = 1',
    'alter table verification disable row level security',
    'alter table verification no force row level security',
    'set role shomei_door',
    'set role shomei_key_lookup',
    'set session authorization shomei_operator',
    'create table mine (id int)',
    'create function find_api_key(bytea, int) returns int language sql as $$ select 1 $$',
  ])('the API role may not: %s', async (sql) => {
    expect(await codeOf(withTenant(api, a, (manager) => manager.query(sql)))).toBe(DENIED);
  });

  it.each([
    'select 1 from verification',
    'select 1 from usage_event',
    'select 1 from challenge',
    'update tenant_key set wrapped = $$x$$',
    'update api_key set tenant_id = gen_random_uuid()',
    'update api_key set secret_sha256 = null',
    'delete from api_key',
    'update audit_event set actor = $$nobody$$',
    'delete from audit_event',
    'update audit_seal set head = row_hash',
    'delete from audit_closing',
    'update audit_chain set seq = 0',
    'select * from unsealed_audit_events($$0$$, null, 1)',
    'select secret_sha256 from api_key',
    'select wrapped from tenant_key',
    'insert into verification (id) values (gen_random_uuid())',
  ])('the operator role may not: %s', async (sql) => expect(await codeOf(operator.query(sql))).toBe(DENIED));
});

describe('the key lookup', () => {
  it('answers for one hash at a time and never lists', async () => {
    const found: { id: string }[] = await api.query('select * from find_api_key($1)', [Buffer.from(a.keyHash, 'hex')]);
    expect(found.map((row) => row.id)).toEqual([a.apiKeyId]);
    expect(await api.query('select * from find_api_key($1)', [Buffer.alloc(32)])).toEqual([]);
    expect(await api.query('select * from find_api_key(null)')).toEqual([]);
  });

  it('cannot be misled by a function or table of the same name in the temporary schema', async () => {
    const runner = api.createQueryRunner();
    try {
      await runner.query('create temporary table api_key (secret_sha256 bytea, tenant_id uuid)');
      const found: { id: string }[] = await runner.query('select * from find_api_key($1)', [
        Buffer.from(b.keyHash, 'hex'),
      ]);
      expect(found.map((row) => row.id)).toEqual([b.apiKeyId]);
    } finally {
      await runner.release();
    }
  });
});
