import { createWriteStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import {
  appendAudit,
  AUDIT_FAULTS,
  CHAIN_TARGET,
  type ExportRange,
  exportAudit,
  exportAuditCsv,
  recordVerification,
  searchAudit,
  verifyAudit,
} from '#lib/audit';
import { fromPublicId, type Mode } from '#lib/platform';
import { readTrustedKeys } from './audit-keys.js';
import { CommandRefused } from './command-refused.js';
import { OperatorError, type OperatorContext } from './context.js';

export interface AuditRangeOptions {
  from?: string | undefined;
  to?: string | undefined;
  tenant?: string | undefined;
  mode?: Mode | undefined;
}

function dayOf(name: string, text: string): string {
  const day = new Date(`${text}T00:00:00Z`);
  // A date that does not exist, such as the 31st of February, comes back as another one.
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(day.getTime()) || !day.toISOString().startsWith(text))
    throw new CommandRefused(`--${name} is a day, YYYY-MM-DD`);
  return text;
}

function tenantIdOf(text: string): string {
  const tenantId = fromPublicId('ten', text);
  if (tenantId === undefined) throw new CommandRefused('--tenant is an id that starts with ten_');
  return tenantId;
}

function rangeOf({ from, to, tenant, mode }: AuditRangeOptions): ExportRange {
  if (mode !== undefined && tenant === undefined) throw new CommandRefused('--mode needs --tenant');
  if (from !== undefined && to !== undefined && from > to) throw new CommandRefused('--from is after --to');
  return {
    ...(from === undefined ? {} : { from: dayOf('from', from) }),
    ...(to === undefined ? {} : { to: dayOf('to', to) }),
    ...(tenant === undefined
      ? {}
      : { tenant: { tenantId: tenantIdOf(tenant), ...(mode === undefined ? {} : { mode }) } }),
  };
}

async function* withNewlines(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

/** Writes an export of the days to a new file. That it was made is an audit event itself. */
export async function auditExport(
  context: OperatorContext,
  { format, file, ...options }: AuditRangeOptions & { format: 'jsonl' | 'csv'; file: string },
): Promise<void> {
  const { dataSource, actor, out } = context;
  const range = rangeOf(options);
  await appendAudit(dataSource, {
    actor,
    action: 'audit.export',
    target: CHAIN_TARGET,
    detail: {
      format,
      from: range.from ?? null,
      to: range.to ?? null,
      ...(options.tenant ? { of: options.tenant } : {}),
    },
  });
  const lines =
    format === 'csv' ? exportAuditCsv(dataSource, range) : withNewlines(exportAudit(dataSource, range, Date.now()));
  // Never over an earlier export, and readable by nobody else.
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  let count = 0;
  await pipeline(async function* () {
    for await (const line of lines) {
      count++;
      yield line;
    }
  }, target).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new OperatorError('file_exists', `${file} is there already`);
    throw error;
  });
  out(JSON.stringify({ file, format, lines: count }));
}

/** Holds the stored chain against the stored events and says what does not fit, also to the trail. Fails when anything does not. */
export async function auditVerify(
  { dataSource, actor, out }: OperatorContext,
  { keys, from, to }: { keys?: string | undefined; from?: string | undefined; to?: string | undefined },
): Promise<void> {
  const trustedKeys = keys === undefined ? {} : { trustedKeys: readTrustedKeys(readFileSync(keys, 'utf8')) };
  const report = await verifyAudit(dataSource, rangeOf({ from, to }), trustedKeys, Date.now());
  await recordVerification(dataSource, report, { actor });
  const faults = report.faults.map((fault) => ({ ...fault, meaning: AUDIT_FAULTS[fault.code] }));
  out(JSON.stringify({ ...report, faults }, null, 2));
  if (!report.whole) throw new OperatorError('audit_tampered', `${report.fault_count} faults`);
}

const MAX_SHOWN = 1_000;

/** Shows events, newest first, as JSON lines. */
export async function auditSearch(
  { dataSource, out }: OperatorContext,
  options: AuditRangeOptions & {
    actor?: string | undefined;
    action?: string | undefined;
    target?: string | undefined;
    limit?: string | undefined;
  },
): Promise<void> {
  const { from, to, tenant, mode, actor, action, target } = options;
  const limit = Number(options.limit ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_SHOWN)
    throw new CommandRefused(`--limit is a number from 1 to ${MAX_SHOWN}`);
  // Days of Japan, the last one included.
  const startOf = (day: string): number => Date.parse(`${day}T00:00:00+09:00`);
  const events = await searchAudit(dataSource, {
    limit,
    ...(tenant === undefined ? {} : { tenantId: tenantIdOf(tenant) }),
    ...(mode === undefined ? {} : { mode }),
    ...(actor === undefined ? {} : { actor }),
    ...(action === undefined ? {} : { action }),
    ...(target === undefined ? {} : { target }),
    ...(from === undefined ? {} : { from: startOf(dayOf('from', from)) }),
    ...(to === undefined ? {} : { to: startOf(dayOf('to', to)) + 86_400_000 }),
  });
  for (const event of events) out(JSON.stringify(event));
}
