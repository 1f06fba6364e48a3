import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import {
  draftInvoice,
  finalizationProposal,
  finalizeInvoices,
  getInvoice,
  getInvoiceExport,
  getInvoiceFile,
  InvoiceExporting,
  importJlisFile,
  explainDifferences,
  type Invoice,
  type InvoiceDraft,
  listInvoices,
  voidProposal,
} from '#lib/billing';
import { createDataSource, toPublicId, withTenant } from '#lib/platform';
import { BillingRig } from '../support/billing.js';
import { finalizes, InvoiceOffice, keptBytes } from '../support/invoices.js';
import { parseCsv } from '../support/parse-csv.js';
import { DENIED, refusalOf } from '../support/refusal.js';

let rig: BillingRig;
let office: InvoiceOffice;
let admin: DataSource;
/** Billed 2,000, 4,000, … yen a month. */
const tenants: string[] = [];
let bare: string;
const numbers: number[] = [];

const at = (day: string): string => `${day}T12:00:00+09:00`;
const drafted = (count: number, month: string): Promise<InvoiceDraft[]> =>
  Promise.all(tenants.slice(0, count).map((tenant) => office.draft(tenant, month)));
/** The number in its series, noted so that the whole can be looked at in the end. */
function noted(...invoices: readonly Invoice[]): void {
  numbers.push(...invoices.map(({ number }) => Number(number.slice(-6))));
}

beforeAll(async () => {
  rig = await BillingRig.start();
  for (let n = 1; n <= 8; n++)
    tenants.push(await rig.tenant({ from: '2020-02-01', terms: { base_fee: String(n * 2_000) } }));
  bare = await rig.tenant({ from: '2020-02-01', terms: { base_fee: '10' } });
  await rig.meter([
    { tenantId: tenants[0]!, at: at('2020-02-10') },
    { tenantId: tenants[0]!, at: at('2020-03-10'), meter: 'counterpart_delivered', purpose: 'identification' },
  ]);
  // Whoever is finalized at the same time waits for the counter with a connection of its own.
  admin = await createDataSource({ url: rig.database.urls.admin, pool: 12, applicationName: 'test' }).initialize();
  office = await InvoiceOffice.open({ admin, operator: rig.operator });
  await office.issuer();
  for (const tenant of tenants) await office.terms(tenant);
  await rig.closeUntil('2020-06');
}, 300_000);
afterAll(async () => {
  await admin.destroy();
  await rig.stop();
});

describe('a draft', () => {
  it('is made of a statement, and a new one puts it aside', async () => {
    const first = await office.draft(tenants[0]!, '2020-02');
    // 2,000 and a check of 20.
    expect(first.content.totals).toEqual({ amount_yen: 2_020, tax_yen: 202, total_yen: 2_222 });
    expect(first.content).toMatchObject({ closed_on: '2020-02-29', due_on: '2020-03-31', corrects: null });
    const second = await office.draft(tenants[0]!, '2020-02');
    const { rows } = await rig.owner.query('select id, state from invoice_draft order by id');
    expect(rows).toEqual([
      { id: first.id, state: 'discarded' },
      { id: second.id, state: 'open' },
    ]);
    expect(await refusalOf(finalizationProposal(rig.admin, [first.id]))).toBe('draft_not_open');
  });
  it('says what is missing', async () => {
    expect(await refusalOf(office.draft(bare, '2020-02'))).toBe('invoice_terms_missing');
    await office.terms(bare, { recipient_name: '絵文字😀株式会社' }, '2020-07-01');
    expect(await refusalOf(office.draft(bare, '2020-02'))).toBe('characters_unprintable');
    const early = rig.statement(tenants[0]!, '2020-02').then(({ id }) =>
      rig.admin.transaction((manager) =>
        draftInvoice(manager, {
          statementId: id,
          items: [],
          nowMs: () => Date.parse(at('2019-12-31')),
          actor: 'operator:test',
        }),
      ),
    );
    expect(await refusalOf(early)).toBe('invoice_issuer_missing');
  });
  it('waits for what differs from the bill of J-LIS to be explained, and so does its number', async () => {
    const draft = await office.draft(tenants[0]!, '2020-03');
    const proposal = await finalizationProposal(rig.admin, [draft.id]);
    const file = `month,service_id,item,count\n2020-03,${toPublicId('ten', tenants[0]!)},counterpart,2\n`;
    const bill = { mode: 'test', month: '2020-03', file, actor: 'operator:test' } as const;
    const { id } = await importJlisFile(rig.admin, bill);
    expect(await refusalOf(office.draft(tenants[1]!, '2020-03'))).toBe('difference_unexplained');
    expect(await refusalOf(office.agreed(proposal, finalizes))).toBe('difference_unexplained');
    await explainDifferences(rig.admin, { id, explanation: 'J-LISの二重計上', actor: 'operator:test' });
    await rig.owner.query(`update approval set state = 'refused', decided_by = proposed_by where state = 'proposed'`);
    noted(...(await office.finalize(draft)));
  });
  it('of a month that is not closed cannot be', async () => {
    const { id } = await rig.statement(tenants[0]!, '2020-02');
    const insert = `insert into invoice_draft (tenant_id, mode, id, statement_id, month, content, content_sha256, total_yen, made_by)
      select tenant_id, mode, gen_random_uuid(), id, '2020-07', '{}', sha256('{}'), 0, 'x' from statement where id = '${id}'`;
    expect(await refusalOf(rig.owner.query(insert))).toBe('invoice_of_open_month');
  });
});

describe('a number', () => {
  it('follows the one before, however many are finalized at once', async () => {
    const drafts = await drafted(8, '2020-04');
    const done = await Promise.all(drafts.map((draft) => office.finalize(draft)));
    noted(...done.flat());
    expect([...numbers].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
  it('comes in the order of the drafts when many are agreed on together', async () => {
    const drafts = await drafted(3, '2020-05');
    const invoices = await office.finalize(...drafts.sort((a, b) => (a.id < b.id ? -1 : 1)));
    noted(...invoices);
    expect(numbers.slice(-3)).toEqual([10, 11, 12]);
    expect(new Set(invoices.map(({ number }) => number.replace(/[0-9]{6}$/, ''))).size).toBe(1);
  });
  it('that was taken is given back when anything goes wrong after it', async () => {
    const [draft] = await drafted(1, '2020-06');
    const proposal = await finalizationProposal(rig.admin, [draft!.id]);
    const fails = office.agreed(proposal, async (manager, approval) => {
      await finalizes(manager, approval);
      throw new Error('disk full');
    });
    await expect(fails).rejects.toThrow('disk full');
    await rig.owner.query(`update approval set state = 'refused', decided_by = proposed_by where state = 'proposed'`);
  });
  it('is given back when the process dies in the middle', async () => {
    const [draft] = await drafted(1, '2020-06');
    const proposal = await finalizationProposal(rig.admin, [draft!.id]);
    const dies = office.agreed(proposal, async (manager, approval) => {
      await finalizes(manager, approval);
      const [{ pid }]: [{ pid: number }] = await manager.query('select pg_backend_pid() as pid');
      await rig.owner.query('select pg_terminate_backend($1)', [pid]);
      await manager.query('select 1');
    });
    await expect(dies).rejects.toThrow();
    await rig.owner.query(`update approval set state = 'refused', decided_by = proposed_by where state = 'proposed'`);
    const [invoice] = await office.finalize(draft!);
    noted(invoice!);
    expect(numbers.at(-1)).toBe(13);
  });
  it('is not taken without its invoice, by anybody', async () => {
    const taken = rig.owner.query('update invoice_series set last_number = last_number + 1');
    expect(await refusalOf(taken)).toBe('invoice_number');
    expect(await refusalOf(rig.owner.query('update invoice_series set last_number = last_number + 2'))).toBe(
      'invoice_number',
    );
    expect(await refusalOf(rig.owner.query('delete from invoice_series'))).toBe('invoice_number');
  });
});

describe('an invoice', () => {
  const only = async (): Promise<Invoice> => {
    const [summary] = await listInvoices(rig.admin, { tenantId: tenants[0]!, month: '2020-03' }, { limit: 1 });
    return getInvoice(rig.admin, summary!.id);
  };
  const again = 'insert into invoice select * from invoice limit 1';
  /** That an invoice was sent so many days after its issue. */
  const dispatched = (days: number): string =>
    `insert into invoice_dispatch (tenant_id, mode, id, invoice_id, sent_on, method, recipient, recorded_by)
     select tenant_id, mode, gen_random_uuid(), id, issued_on + (${days}), 'post', 'x', 'operator:test' from invoice limit 1`;

  it.each([
    ['update invoice set total_yen = 0', 'invoice_stays'],
    ['delete from invoice', 'invoice_stays'],
    ['truncate invoice cascade', 'invoice_stays'],
    [again, 'invoice_is_draft'],
    ['truncate invoice_dispatch', 'invoice_stays'],
    [dispatched(-1), 'invoice_dispatch_day'],
    [`do $$ begin ${dispatched(0)}; update invoice_dispatch set recipient = 'x'; end $$`, 'invoice_dispatch_stays'],
    [`do $$ begin ${dispatched(0)}; delete from invoice_dispatch; end $$`, 'invoice_dispatch_stays'],
    [`update invoice_file set bytes = '\\x00', sha256 = sha256('\\x00')`, 'invoice_file_stays'],
    ['delete from invoice_file', 'invoice_file_stays'],
    [`update invoice_draft set content = '{}', content_sha256 = sha256('{}')`, 'invoice_draft_steps'],
    [`update invoice_draft set state = 'open'`, 'invoice_draft_steps'],
    [`update invoice_draft set state = 'finalized' where state = 'open'`, 'invoice_draft_steps'],
    ['delete from invoice_draft', 'invoice_draft_steps'],
    [
      `insert into invoice_void select tenant_id, mode, id, 'no reason', approval_id from invoice limit 1`,
      'invoice_void_needs_approval',
    ],
    [
      `insert into invoice_file select tenant_id, mode, invoice_id, kind, bytes, sha256 from invoice_file limit 1`,
      'invoice_file_stays',
    ],
  ])('cannot be changed or removed by the owner of the database: %s', async (sql, rule) =>
    expect(await refusalOf(rig.owner.query(sql))).toBe(rule),
  );
  it.each([
    'update invoice set recipient = $$x$$',
    'delete from invoice',
    again,
    'update invoice_series set last_number = 99',
    'delete from invoice_file',
    'delete from invoice_void',
    'delete from invoice_dispatch',
    'update invoice_draft set content = $$x$$',
  ])('nor by a process: %s', async (sql) => {
    for (const role of ['admin', 'worker', 'api', 'operator'] as const)
      expect([role, await refusalOf(rig[role].query(sql))]).toEqual([role, DENIED]);
  });
  it('needs an executed approval of exactly its text, by two people', async () => {
    const draft = await office.draft(tenants[4]!, '2020-06');
    const finalize = (approvalId: string) =>
      refusalOf(rig.admin.query('select finalize_invoice($1, $2)', [draft.id, approvalId]));
    expect(await finalize('00000000-0000-4000-8000-000000000000')).toBe('invoice_needs_approval');
    const { id } = await only();
    const { rows } = await rig.owner.query<{ approval_id: string }>('select approval_id from invoice where id = $1', [
      id,
    ]);
    expect(await finalize(rows[0]!.approval_id)).toBe('invoice_needs_approval');
    // Agreed on, and drafted otherwise since.
    const proposal = await finalizationProposal(rig.admin, [draft.id]);
    const changed = { ...proposal, after: { ...proposal.after, invoices: { [draft.id]: '00'.repeat(32) } } };
    expect(await refusalOf(office.agreed(changed, finalizes))).toBe('invoice_needs_approval');
    await rig.owner.query(`update approval set state = 'refused', decided_by = proposed_by where state = 'proposed'`);
    const bare = office.agreed(proposal, async (manager, approval) => {
      await manager.query('select finalize_invoice($1, $2)', [draft.id, approval.id]);
    });
    expect(await refusalOf(bare)).toBe('invoice_has_files');
    await rig.owner.query(`update approval set state = 'refused', decided_by = proposed_by where state = 'proposed'`);
    noted(...(await office.finalize(draft)));
    expect(await refusalOf(office.draft(tenants[4]!, '2020-06'))).toBe('statement_invoiced');
    const once = finalizeInvoices(rig.admin.manager, { approvalId: id, approved: proposal.after, actor: 'operator:x' });
    expect(await refusalOf(once)).toBe('draft_not_open');
  });
  it('is one of its tenant and mode alone', async () => {
    const { id } = await only();
    const seen = (tenantId: string, mode: 'live' | 'test') =>
      withTenant(rig.api, { tenantId, mode }, async (manager) => [
        await refusalOf(getInvoice(manager, id)),
        await refusalOf(getInvoiceFile(manager, id, 'pdf')),
        (await listInvoices(manager, {}, { limit: 100 })).filter((each) => each.id === id).length,
      ]);
    expect(await seen(tenants[0]!, 'test')).toEqual(['done', 'done', 1]);
    expect(await seen(tenants[1]!, 'test')).toEqual(['not_found', 'not_found', 0]);
    expect(await seen(tenants[0]!, 'live')).toEqual(['not_found', 'not_found', 0]);
    expect(await refusalOf(rig.api.query('select 1 from invoice_draft'))).toBe(DENIED);
  });
  it('is found by day, amount and counterparty, with ranges and together', async () => {
    const found = async (search: Parameters<typeof listInvoices>[1]) =>
      (await listInvoices(rig.admin, { month: '2020-04', ...search }, { limit: 100 }))
        .map(({ totalYen }) => totalYen)
        .sort();
    expect(await found({ amountMin: 6_600, amountMax: 8_800 })).toEqual([6_600, 8_800]);
    expect(await found({ amountMax: 2_200 })).toEqual([2_200]);
    expect(await found({ counterparty: '髙﨑' })).toHaveLength(8);
    expect(await found({ counterparty: '高崎' })).toEqual([]);
    const today = (await only()).issuedOn;
    expect(await found({ issuedFrom: today, issuedTo: today, amountMin: 17_600, counterparty: '商事' })).toEqual([
      17_600,
    ]);
    expect(await found({ issuedTo: '2020-12-31' })).toEqual([]);
    const all = await listInvoices(rig.admin, { month: '2020-04' }, { limit: 100 });
    const rest = await listInvoices(rig.admin, { month: '2020-04' }, { after: all[2]!.id, limit: 100 });
    expect(rest.map(({ id }) => id)).toEqual(all.slice(3).map(({ id }) => id));
  });
  it.each(['issued_on', 'total_yen'] as const)(
    'is listed by %s both ways, page after page without a gap',
    async (by) => {
      const pages = async (descending: boolean): Promise<string[]> => {
        const seen: { id: string; totalYen: number }[] = [];
        for (;;) {
          const last = seen.at(-1);
          const page = { limit: 3, sort: { by, descending }, ...(last ? { after: last.id } : {}) };
          const found = await listInvoices(rig.admin, { month: '2020-04' }, page);
          seen.push(...found);
          if (found.length < 3) break;
        }
        const totals = seen.map(({ totalYen }) => (descending ? -totalYen : totalYen));
        if (by === 'total_yen') expect(totals).toEqual([...totals].sort((one, other) => one - other));
        return seen.map(({ id }) => id);
      };
      const up = await pages(false);
      expect(up.length).toBeGreaterThan(3);
      expect(new Set(up).size).toBe(up.length);
      expect(await pages(true)).toEqual(up.toReversed());
    },
  );
  it('is taken back by two people, stays as it was, and another comes in its place that names it', async () => {
    const before = await only();
    const bytes = await Promise.all(['json', 'csv', 'pdf'].map((kind) => keptBytes(rig.admin, before.id, kind)));
    const taken = await office.void(before);
    expect(taken).toMatchObject({ state: 'void', number: before.number, voidReason: '宛名の誤り' });
    expect(await refusalOf(voidProposal(rig.admin, before.id, 'x'))).toBe('invoice_is_void');
    // The tax of later months and the name change; the month's tax does not.
    const tax = { rates: { standard: '15' }, rounding: 'ceiling', source: 'a later law' } as const;
    await rig.add({ table: 'tax_setting', mode: 'test', valid_from: '2020-07-01', terms: tax });
    await office.terms(tenants[0]!, { recipient_name: '髙﨑ホールディングス株式会社' }, '2020-07-01');
    const [after] = await office.finalize(await office.draft(tenants[0]!, '2020-03'));
    noted(after!);
    expect(after!.document).toMatchObject({
      corrects: { id: before.id, number: before.number },
      recipient: { name: '髙﨑ホールディングス株式会社' },
      totals: before.document.totals,
      tax_rounding: 'floor',
    });
    expect(await Promise.all(['json', 'csv', 'pdf'].map((kind) => keptBytes(rig.admin, before.id, kind)))).toEqual(
      bytes,
    );
    expect(
      (await listInvoices(rig.admin, { month: '2020-03', state: 'void' }, { limit: 9 })).map(({ id }) => id),
    ).toEqual([before.id]);
    const dropped = `insert into tax_setting (mode, valid_from, terms) values ('test', '2020-03-01', '{}')`;
    expect(await refusalOf(rig.operator.query(dropped))).toBe('price_in_closed_month');
  });
  it('holds credits of an earlier one, whose number it names', async () => {
    const [earlier] = await listInvoices(rig.admin, { tenantId: tenants[5]!, month: '2020-04' }, { limit: 1 });
    const item = {
      description: { ja: '過請求分の返還', en: 'Refund' },
      amount_yen: -1_000,
      tax_category: 'standard',
      on: '2020-03-31',
      creditsInvoice: earlier!.id,
    } as const;
    const [invoice] = await office.finalize(await office.draft(tenants[5]!, '2020-06', [item]));
    noted(invoice!);
    expect(invoice!.document.lines.at(-1)).toMatchObject({ kind: 'credit', credits: { number: earlier!.number } });
    // 12,000 less 1,000, and 10 %.
    expect(invoice!.totalYen).toBe(12_100);
    const others = office.draft(tenants[6]!, '2020-06', [item]);
    expect(await refusalOf(others)).toBe('not_found');
  });
  it('and all of them have the numbers from one on without a gap', async () => {
    const { rows } = await rig.owner.query<{ mode: string; series: string; numbers: number[]; last: number }>(
      `select s.mode, s.series, s.last_number as last, array_agg(i.series_number order by i.series_number) as numbers
       from invoice_series s join invoice i on i.mode = s.mode and i.series = s.series group by 1, 2, 3`,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.numbers).toEqual(Array.from({ length: rows[0]!.last }, (_, index) => index + 1));
    expect([...numbers].sort((a, b) => a - b)).toEqual(rows[0]!.numbers);
  });
});

describe("the month's file of all tenants", () => {
  const numbersIn = (bytes: Buffer): Set<string> =>
    new Set(
      parseCsv(bytes.toString('utf8').slice(1))
        .slice(1)
        .map((row) => row[1]!),
    );
  const bytesOf = (month: string, version: number) => getInvoiceExport(rig.admin, { mode: 'test', month, version });

  it('is made of what is not void, once, and anew when an invoice is taken back', async () => {
    const exporting = new InvoiceExporting(rig.worker);
    const made = await exporting.makeDue('system:worker');
    expect(made.map(({ month, version }) => [month, version])).toEqual(
      ['2020-03', '2020-04', '2020-05', '2020-06'].map((month) => [month, 1]),
    );
    expect(await exporting.makeDue('system:worker')).toEqual([]);
    const current = await listInvoices(rig.admin, { month: '2020-04', state: 'finalized' }, { limit: 100 });
    const first = await bytesOf('2020-04', 1);
    expect(numbersIn(first)).toEqual(new Set(current.map(({ number }) => number)));
    expect(made[1]).toMatchObject({ invoices: 8, totalYen: current.reduce((sum, { totalYen }) => sum + totalYen, 0) });
    const taken = await office.void(await getInvoice(rig.admin, current[0]!.id));
    const [again, ...rest] = await exporting.makeDue('system:worker');
    expect([again!.month, again!.version, again!.invoices, rest]).toEqual(['2020-04', 2, 7, []]);
    expect(numbersIn(await bytesOf('2020-04', 2)).has(taken.number)).toBe(false);
    expect((await bytesOf('2020-04', 1)).equals(first)).toBe(true);
  });
  it('holds nothing of the other mode, and its doors are the worker’s alone', async () => {
    expect(await rig.worker.query(`select * from invoices_of_month('live', '2020-04')`)).toEqual([]);
    for (const role of ['api', 'admin', 'operator'] as const) {
      expect(await refusalOf(rig[role].query(`select * from invoices_of_month('test', '2020-04')`))).toBe(DENIED);
      expect(await refusalOf(rig[role].query('select * from invoice_exports_due()'))).toBe(DENIED);
    }
    expect(await refusalOf(rig.worker.query('select bytes from invoice_export'))).toBe(DENIED);
  });
  it('stays as it is', async () => {
    for (const sql of ['delete from invoice_export', 'update invoice_export set version = 9'])
      expect(await refusalOf(rig.owner.query(sql))).toBe('invoice_export_stays');
  });
});

it('writes down each step in the audit trail', async () => {
  const { rows } = await rig.owner.query<{ action: string }>(
    `select distinct action from audit_event where action like 'invoice%' or action like 'tax%' order by 1`,
  );
  expect(rows.map(({ action }) => action)).toEqual([
    'invoice.discard_draft',
    'invoice.draft',
    'invoice.finalize',
    'invoice.void',
    'invoice_export.make',
    'invoice_issuer.add',
    'invoice_terms.add',
    'tax_setting.add',
  ]);
});
