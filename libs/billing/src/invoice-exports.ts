import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { type Mode, Problem } from '#lib/platform';
import type { InvoiceContent, InvoiceDocument } from './invoice-content.js';
import { invoiceCsv } from './invoice-csv.js';
import type { Day, Month } from './japan-month.js';

type Queries = Pick<EntityManager, 'query'>;

/** The CSV of a month's invoices, of all tenants, as they stood at one time. */
export interface InvoiceExport {
  mode: Mode;
  month: Month;
  /** From one on: a new one when invoices were added or taken back. */
  version: number;
  invoices: number;
  totalYen: number;
  /** Hex. */
  sha256: string;
}

/** Makes the files that wait to be made. Worker's role. */
@Injectable()
export class InvoiceExporting {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** One for each month whose invoices have changed since its newest. @returns what was made */
  async makeDue(actor: string, goOn: () => boolean = () => true): Promise<InvoiceExport[]> {
    const due: { mode: Mode; month: Month }[] = await this.dataSource.query(
      'select mode, month from invoice_exports_due()',
    );
    const made: InvoiceExport[] = [];
    for (const { mode, month } of due) {
      if (!goOn()) break;
      const one = await this.dataSource.transaction((manager) => makeExport(manager, { mode, month, actor }));
      if (one) made.push(one);
    }
    return made;
  }
}

/** Undefined: another process has made it meanwhile. */
async function makeExport(
  manager: EntityManager,
  { mode, month, actor }: { mode: Mode; month: Month; actor: string },
): Promise<InvoiceExport | undefined> {
  await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`invoice_export:${mode}:${month}`]);
  const rows: { id: string; number: string; issued_on: Day; content: string }[] = await manager.query(
    'select id, number, issued_on, content from invoices_of_month($1, $2)',
    [mode, month],
  );
  const invoices = rows.map(({ content, ...row }): InvoiceDocument => ({
    ...row,
    ...(JSON.parse(content) as InvoiceContent),
  }));
  const ofNumbers = createHash('sha256')
    .update(rows.map(({ number }) => number).join(' '))
    .digest();
  const due: { of_numbers: Buffer }[] = await manager.query(
    'select of_numbers from invoice_exports_due() where mode = $1 and month = $2',
    [mode, month],
  );
  if (!due[0]?.of_numbers.equals(ofNumbers)) return undefined;
  const last: { version: number }[] = await manager.query(
    'select version from invoice_export where mode = $1 and month = $2 order by version desc limit 1',
    [mode, month],
  );
  const version = (last[0]?.version ?? 0) + 1;
  const bytes = invoiceCsv(invoices);
  const sha256 = createHash('sha256').update(bytes).digest();
  const totalYen = invoices.reduce((sum, { totals }) => sum + totals.total_yen, 0);
  await manager.query(
    `insert into invoice_export (mode, month, version, of_numbers, invoices, total_yen, bytes, sha256)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [mode, month, version, ofNumbers, invoices.length, totalYen, bytes, sha256],
  );
  const made = { invoices: invoices.length, totalYen, sha256: sha256.toString('hex') };
  await appendAudit(manager, {
    actor,
    action: 'invoice_export.make',
    target: `month:${mode}:${month}`,
    detail: { version, invoices: made.invoices, total_yen: totalYen, sha256: made.sha256 },
  });
  return { mode, month, version, ...made };
}

/** Newest month first, each with its versions, newest first. Operators' role. */
export async function listInvoiceExports(manager: Queries, mode: Mode): Promise<(InvoiceExport & { madeAt: Date })[]> {
  const rows: { month: Month; version: number; invoices: number; total_yen: string; sha256: string; made_at: Date }[] =
    await manager.query(
      `select month, version, invoices, total_yen, encode(sha256, 'hex') as sha256, made_at from invoice_export
       where mode = $1 order by month desc, version desc limit 120`,
      [mode],
    );
  return rows.map(({ total_yen, made_at, ...row }) => ({ mode, ...row, totalYen: Number(total_yen), madeAt: made_at }));
}

/** @throws Problem `not_found` */
export async function getInvoiceExport(
  manager: Queries,
  { mode, month, version }: { mode: Mode; month: Month; version: number },
): Promise<Buffer> {
  const rows: { bytes: Buffer }[] = await manager.query(
    'select bytes from invoice_export where mode = $1 and month = $2 and version = $3',
    [mode, month, version],
  );
  if (!rows[0]) throw new Problem('not_found');
  return rows[0].bytes;
}
