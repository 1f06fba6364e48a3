import type pg from 'pg';

/** Tables without tenant data, or with a reason to be shaped otherwise. A new one needs a line here and a reviewer. */
export const JUSTIFIED: Readonly<Record<string, string>> = {
  tenant: 'is the tenant: row-level security compares its id',
  audit_event: 'also holds acts of operators and the system, which have no tenant; row-level security is forced',
  test_clock: 'one row for the whole test mode',
  trust_anchor: 'public roots of a mode, the same for every tenant',
  revocation_source: 'where the platform fetches revocation data',
  crl_partition: 'public revocation data',
  crl: 'public revocation data',
  crl_snapshot: 'public revocation data',
  crl_change: 'public revocation data',
  crl_file: 'public revocation data',
  crl_reference: 'hashes of public files and the time of their last use',
  crl_reference_progress: 'how far the verifications were looked through for it',
  revocation_epoch: 'counter of public revocation data',
  schema_migration: "the migrate step's own list",
};

/** Every fault in the protection of tenant data that the catalogue shows, as `table: fault`. */
export async function findUnprotected(client: pg.Client): Promise<string[]> {
  const faults: string[] = [];
  const tables = await client.query<{ name: string; secured: boolean; forced: boolean; columns: string[] }>(`
    select c.relname as name, c.relrowsecurity as secured, c.relforcerowsecurity as forced,
      array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and a.attnotnull) as columns
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`);
  const tenantTables = new Set(tables.rows.map((row) => row.name).filter((name) => !Object.hasOwn(JUSTIFIED, name)));
  for (const { name, secured, forced, columns } of tables.rows) {
    if (!tenantTables.has(name)) continue;
    for (const column of ['tenant_id', 'mode'])
      if (!columns.includes(column)) faults.push(`${name}: no ${column} that is never null`);
    if (!secured) faults.push(`${name}: no row-level security`);
    if (!forced) faults.push(`${name}: row-level security is not forced`);
  }
  const keys = await client.query<{ table: string; kind: string; columns: string[]; target: string | null }>(`
    select k.conrelid::regclass::text as table, k.contype as kind, k.confrelid::regclass::text as target,
      array(select a.attname::text from unnest(k.conkey) with ordinality as u(n, o)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.n order by u.o) as columns
    from pg_constraint k where k.contype in ('p', 'f') and k.connamespace = 'public'::regnamespace`);
  const withPrimaryKey = new Set<string>();
  for (const { table, kind, columns, target } of keys.rows) {
    if (!tenantTables.has(table)) continue;
    if (kind === 'p') {
      withPrimaryKey.add(table);
      if (columns[0] !== 'tenant_id' || columns[1] !== 'mode')
        faults.push(`${table}: primary key does not lead with tenant_id, mode`);
      // Foreign-key checks bypass row-level security: without both columns a row could point at another tenant's.
    } else if (target !== 'tenant' && !(columns.includes('tenant_id') && columns.includes('mode')))
      faults.push(`${table}: foreign key to ${target} leaves out tenant_id or mode`);
  }
  for (const table of tenantTables) if (!withPrimaryKey.has(table)) faults.push(`${table}: no primary key`);
  const policies = await client.query<{
    table: string;
    name: string;
    roles: string[];
    using: string | null;
    check: string | null;
  }>(`
    select tablename as table, policyname as name, roles::text[], qual as using, with_check as check
    from pg_policies where schemaname = 'public'`);
  for (const policy of policies.rows) {
    if (!tenantTables.has(policy.table)) continue;
    const runtime = policy.roles.some((role) => ['shomei_api', 'shomei_worker', 'public'].includes(role));
    for (const condition of [policy.using, policy.check])
      if (runtime && condition !== null && !/tenant_id = current_tenant\(\).*mode = current_mode\(\)/s.test(condition))
        faults.push(`${policy.table}: policy ${policy.name} does not compare tenant and mode`);
  }
  return faults;
}
