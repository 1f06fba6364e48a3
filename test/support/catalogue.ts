import type pg from 'pg';

/** Tables without tenant data, or with a reason to be shaped otherwise. A new one needs a line here and a reviewer. */
export const JUSTIFIED: Readonly<Record<string, string>> = {
  tenant: 'is the tenant: row-level security compares its id',
  tenant_application: 'what operators know of the company behind a tenant; no tenant role has any grant on it',
  checklist_file: 'what operators keep on the company behind a tenant; no tenant role has any grant on it',
  checklist_item: 'of checklist_file',
  audit_event: 'also holds acts of operators and the system, which have no tenant; row-level security is forced',
  audit_seal: 'hashes of audit events by their ids, in one order for the whole platform',
  audit_closing: 'signed hashes',
  audit_chain: 'one row: where the chain of audit events ends',
  audit_signing_key: 'public keys',
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
  operator_account: 'people of the platform; no tenant role has any grant on it',
  operator_recovery_code: 'of operator_account',
  operator_session: 'of operator_account',
  sign_in_backoff: 'hashes of addresses tried at the sign-in of operators',
  approval: 'decisions of operators, also on the platform itself',
  revocation_epoch: 'counter of public revocation data',
  counterpart_disclosure: "the platform's own dated policy, the same for every tenant",
  receipt_key: 'public keys of a mode',
  retention_progress: 'how far the verifications were looked through',
  retention_rule: "the platform's own dated rules, the same for every tenant",
  jlis_cursor: 'how far lists of the whole platform have been read',
  jlis_tariff: 'fees of J-LIS, the same for every tenant',
  jlis_reduction: 'what J-LIS granted the platform; a tenant is named as its scope, amounts are no secret of another',
  jlis_recognition: 'what J-LIS recognised; a tenant is named as its scope',
  tax_setting: 'rates of consumption tax, the same for every tenant',
  invoice_issuer: 'who sends invoices: the platform operator itself',
  invoice_series: 'counters of invoice numbers, one series for all tenants; no tenant role has any grant on it',
  invoice_export: 'invoices of a month of all tenants as one file; no tenant role reads the file',
  month_close: 'which months of a mode are closed, for all tenants at once',
  jlis_reconciliation: 'bills of J-LIS to the platform; no tenant role has any grant on it',
  check_count: 'counts over all tenants; none of one tenant',
  check_count_progress: 'how far the verifications were counted',
  answer_time: 'counts over all tenants; none of one tenant',
  month_estimate: 'sums over all tenants; no tenant role has any grant on it',
  schema_migration: "the migrate step's own list",
};

/** The one condition under which a runtime role sees or writes a row of tenant data. */
const OWN_ROWS = '((tenant_id = current_tenant()) AND (mode = current_mode()))';
/** The same of rows that are written by the million: worked out once a statement. */
const OWN_ROWS_ONCE =
  '((tenant_id = ( SELECT current_tenant() AS current_tenant)) AND (mode = ( SELECT current_mode() AS current_mode)))';

/** Policies that look across tenants, `role table policy`: operators and their command, who make tenants and keys, and the doors. */
export const OPEN_POLICIES: ReadonlySet<string> = new Set([
  'shomei_operator contract operator',
  'shomei_operator api_key operator',
  'shomei_operator tenant_key operator',
  'shomei_admin contract admin',
  'shomei_admin api_key admin',
  'shomei_admin tenant_key admin',
  'shomei_admin verification admin',
  'shomei_admin legal_hold admin',
  'shomei_key_clerk tenant_key key_clerk',
  'shomei_retention_clerk attribute_update_result retention_clerk',
  'shomei_retention_clerk presentation retention_clerk',
  'shomei_retention_clerk consent retention_erase',
  'shomei_retention_clerk consent_withdrawal retention_clerk',
  'shomei_retention_clerk serial_linkage retention_clerk',
  'shomei_retention_clerk counterpart_lookup retention_clerk',
  'shomei_key_lookup api_key lookup',
  'shomei_key_lookup contract lookup',
  'shomei_key_lookup tenant_key lookup',
  'shomei_tenant_clerk api_key suspended',
  'shomei_operator api_key no_live_key_before_go_live',
  'shomei_admin api_key no_live_key_before_go_live',
  'shomei_key_maker api_key key_maker',
  'shomei_quota_keeper api_key quota_keeper',
  'shomei_quota_keeper contract quota_keeper',
  'shomei_quota_keeper quota_use quota_keeper',
  'shomei_door api_key door_key',
  'shomei_door challenge door_challenge',
  'shomei_door tenant_key door_tenant_key',
  'shomei_door verification door',
  'shomei_door challenge_use door',
  'shomei_door challenge_use door_claim',
  'shomei_door usage_event door',
  'shomei_door idempotency_key door',
  'shomei_door idempotency_key door_claim',
  'shomei_crl_keeper verification crl_keeper',
  'shomei_evidence_clerk verification evidence_clerk',
  'shomei_evidence_clerk tenant_key evidence_clerk',
  'shomei_retention_clerk legal_hold retention_clerk',
  'shomei_retention_clerk verification retention_clerk',
  'shomei_retention_clerk verification_person retention_clerk',
  'shomei_retention_clerk certificate_tombstone retention_clerk',
  'shomei_retention_clerk person_certificate retention_clerk',
  'shomei_retention_clerk consent retention_clerk',
  'shomei_retention_clerk webhook_secret retention_clerk',
  'shomei_retention_clerk webhook_attempt retention_clerk',
  'shomei_retention_clerk status_sweep retention_clerk',
  'shomei_retention_clerk status_sweep_person retention_clerk',
  'shomei_retention_clerk status_sweep_rejection retention_clerk',
  'shomei_retention_clerk status_sweep_result retention_clerk',
  'shomei_retention_clerk person retention_clerk',
  'shomei_retention_clerk tenant_key retention_clerk',
  'shomei_operator legal_hold operator',
  'shomei_linkage_clerk serial_linkage due',
  'shomei_admin price_plan admin',
  'shomei_operator price_plan operator',
  'shomei_biller price_plan biller',
  'shomei_admin statement admin',
  'shomei_biller usage_event biller',
  'shomei_admin invoice_terms admin',
  'shomei_operator invoice_terms operator',
  'shomei_admin invoice_draft admin',
  'shomei_admin invoice admin',
  'shomei_admin invoice_void admin',
  'shomei_admin invoice_dispatch admin',
  'shomei_admin invoice_file admin',
  'shomei_invoicer invoice_draft invoicer',
  'shomei_invoicer invoice invoicer',
  'shomei_invoicer invoice_void invoicer',
  'shomei_invoicer invoice_file invoicer',
  'shomei_admin usage_event admin',
  'shomei_monitor status_sweep monitor',
  'shomei_monitor status_watch monitor',
  'shomei_monitor tenant_key monitor',
  'shomei_operator status_watch operator',
  'shomei_admin status_watch operator',
  'shomei_admin status_sweep operator',
  'shomei_webhook_clerk webhook_endpoint webhook_clerk',
  'shomei_admin webhook_endpoint admin',
  'shomei_webhook_clerk webhook_delivery webhook_clerk',
  'shomei_webhook_clerk webhook_attempt webhook_clerk',
  'shomei_counter verification counter',
]);

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
      // An approval is of no tenant; that it is of this row a trigger checks (migrations/0021).
    } else if (
      !['tenant', 'approval'].includes(target!) &&
      !(columns.includes('tenant_id') && columns.includes('mode'))
    )
      faults.push(`${table}: foreign key to ${target} leaves out tenant_id or mode`);
  }
  for (const table of tenantTables) if (!withPrimaryKey.has(table)) faults.push(`${table}: no primary key`);
  const policies = await client.query<{
    table: string;
    name: string;
    role: string;
    using: string | null;
    check: string | null;
  }>(`
    select tablename as table, policyname as name, role, qual as using, with_check as check
    from pg_policies, unnest(roles::text[]) as role where schemaname = 'public'`);
  for (const { table, name, role, using, check } of policies.rows) {
    if (!tenantTables.has(table) || OPEN_POLICIES.has(`${role} ${table} ${name}`)) continue;
    for (const condition of [using, check])
      if (condition !== null && condition !== OWN_ROWS && condition !== OWN_ROWS_ONCE)
        faults.push(`${table}: policy ${name} of ${role} is not tenant and mode alone`);
  }
  // A view reads with its owner's rights and shows what its owner sees.
  const views = await client.query<{ relname: string }>(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')`,
  );
  for (const { relname } of views.rows) faults.push(`${relname}: is a view`);
  return faults;
}
