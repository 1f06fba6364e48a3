import type { DataSource } from 'typeorm';
import { CSV_BOM, csvRow } from '#lib/platform';
import { type FoundVerification, searchVerifications, type VerificationSearch } from '#lib/verification';
import { foundAnswer } from './explain.js';

const COLUMNS = [
  'id',
  'recorded_at',
  'decided_at',
  'tenant_id',
  'mode',
  'kind',
  'outcome',
  'reason',
  'reference',
  'api_key_id',
] as const;
/** Rows that are in memory at once. */
const PAGE = 1_000;

/** What a search finds, as a table: rows with their CRLF, the first with the byte order mark. Nothing of a person. */
export async function* verificationCsv(
  dataSource: DataSource,
  search: Omit<VerificationSearch, 'after' | 'limit'>,
): AsyncGenerator<string> {
  yield CSV_BOM + csvRow(COLUMNS);
  let found: FoundVerification[] = [];
  do {
    const last = found.at(-1);
    found = await searchVerifications(dataSource, {
      ...search,
      limit: PAGE,
      ...(last === undefined ? {} : { after: last.id }),
    });
    const rows = found.map(foundAnswer).map((row) => csvRow(COLUMNS.map((column) => row[column])));
    if (rows.length > 0) yield rows.join('');
  } while (found.length === PAGE);
}
