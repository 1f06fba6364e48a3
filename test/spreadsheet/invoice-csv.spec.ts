import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CsvEncoding, inEncoding, invoiceCsv } from '#lib/billing';
import { givenInvoice } from '../support/given-invoice.js';
import { parseCsv } from '../support/parse-csv.js';

const run = promisify(execFile);

/** Numbers of character sets in LibreOffice's filter options (its help, "Filter Options for CSV"). */
const CHARACTER_SET: Record<CsvEncoding, number> = { 'utf-8': 76, cp932: 60 };
/** What names are made of in Japan, and what a spreadsheet likes to change. */
const NAMES = [
  '髙﨑商事株式会社',
  '㈱山﨑・ヶ丘①Ⅲ号店、ｶﾅﾊﾝｶｸ「〆々ー」',
  '纊褜鍈銈蓜俉炻昱棈鋹曻彅丨仡仼伀',
  '0012',
  '1234567890123456',
  '1E5',
  '3/4',
  '2026-10',
  '=1+1',
  '+81-3-1234-5678',
  '@SUM(A1)',
  '"引用", 改め',
];

/** A cell as LibreOffice keeps it: what it takes it for, its value and what it shows. */
interface Cell {
  type: string;
  value: string;
}

let directory: string;
let csv: Buffer;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'shomei-spreadsheet-'));
  const invoice = givenInvoice(NAMES.length);
  const largest = { quantity: 999_999_999_999, unit_price: '123456789012.125', amount_yen: 999_999_999_999_999 };
  csv = invoiceCsv(
    NAMES.map((name) => ({
      ...invoice,
      recipient: { ...invoice.recipient, name },
      lines: [invoice.lines[0]!, { ...invoice.lines[1]!, ...largest }],
    })),
  );
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Opens a CSV as a person does who is asked for the character set and leaves all else as it is. */
async function opened(encoding: CsvEncoding): Promise<Cell[][]> {
  const soffice = process.env['TEST_LIBREOFFICE'];
  if (!soffice) throw new Error('no LibreOffice here: install libreoffice-calc, or name it in LIBREOFFICE');
  const file = join(directory, `${encoding}.csv`);
  writeFileSync(file, inEncoding(csv, encoding));
  await run(soffice, [
    // Of its own, so that it does not wait for one that is open.
    `-env:UserInstallation=file://${join(directory, `profile-${encoding}`)}`,
    '--headless',
    `--infilter=CSV:44,34,${CHARACTER_SET[encoding]},1`,
    '--convert-to',
    'fods',
    '--outdir',
    directory,
    file,
  ]);
  return cellsOf(readFileSync(join(directory, `${encoding}.fods`), 'utf8'));
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescaped = (xml: string): string => xml.replaceAll(/&(\w+);/g, (_, name: string) => ENTITIES[name]!);

/** Rows of the only table of a flat OpenDocument file. */
function cellsOf(fods: string): Cell[][] {
  const rows = fods.matchAll(/<table:table-row[^>]*>(.*?)<\/table:table-row>/gs);
  return [...rows].map(([, row]) =>
    [...row!.matchAll(/<table:table-cell([^>]*?)(?:\/>|>(.*?)<\/table:table-cell>)/gs)].flatMap(([, head, body]) => {
      const of = (name: string): string | undefined => new RegExp(` ${name}="([^"]*)"`).exec(head!)?.[1];
      const text = unescaped(/<text:p>(.*?)<\/text:p>/s.exec(body ?? '')?.[1] ?? '');
      const value = of('office:value') ?? of('office:date-value') ?? text;
      const cell = { type: of('office:value-type') ?? 'empty', value };
      return Array.from({ length: Number(of('table:number-columns-repeated') ?? 1) }, () => cell);
    }),
  );
}

describe('a CSV of invoices in LibreOffice', () => {
  it.each<CsvEncoding>(['utf-8', 'cp932'])('has every character and every digit: %s', async (encoding) => {
    const sheet = await opened(encoding);
    const label = encoding === 'cp932' ? 'shift_jis' : encoding;
    const expected = parseCsv(new TextDecoder(label).decode(inEncoding(csv, encoding)));
    expect(sheet.length).toBeGreaterThanOrEqual(expected.length);
    expect(expected.length).toBe(1 + NAMES.length * 3);
    const [header] = expected;
    for (const [at, row] of expected.entries())
      for (const [column, text] of row.entries()) {
        const { type, value } = sheet[at]![column]!;
        const name = header![column]!;
        expect([name, type === 'float' ? String(Number(value)) : value]).toEqual([name, text]);
        // Amounts are numbers; names, numbers of invoices and ids are texts, whatever they look like.
        if (at > 0 && text !== '' && /_yen$|^quantity$|_percent$/.test(name))
          expect([name, type]).toEqual([name, 'float']);
        if (/_name$|_id$|_number$|^description/.test(name) && name !== 'line_number' && text !== '')
          expect([name, type]).toEqual([name, 'string']);
      }
    expect(sheet.flat().filter(({ type }) => type === 'error')).toEqual([]);
  });
});
