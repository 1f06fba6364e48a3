import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { givenInvoice } from '../../../test/support/given-invoice.js';
import { invoicePdf, unprintable } from './invoice-pdf.js';

/** Reads PDF by a library of its own: pdf.js in an older release. */
const extract = createRequire(import.meta.url)('pdf-parse/lib/pdf-parse.js') as (
  pdf: Buffer,
) => Promise<{ numpages: number; text: string }>;
const textOf = async (pdf: Buffer): Promise<{ pages: number; text: string }> => {
  const { numpages, text } = await extract(pdf);
  return { pages: numpages, text: text.replaceAll(/\s/gu, '') };
};

describe('the PDF of an invoice', () => {
  it('says in Japanese all that a qualified invoice has to', async () => {
    const { text, pages } = await textOf(await invoicePdf(givenInvoice()));
    expect(pages).toBe(1);
    for (const expected of [
      '請求書',
      '髙﨑商事株式会社御中',
      '株式会社プラットフォーム',
      '登録番号T4011001098993',
      '請求書番号INV-2026-000001',
      '発行日2026年11月4日',
      '対象期間2026年10月1日〜2026年10月31日',
      '署名検証〜1（2026年10月1日〜31日）',
      '10%対象計（税抜）315円消費税',
      '31円',
      'ご請求金額（税込）346円',
      'お支払期限2026年11月30日',
    ])
      expect(text).toContain(expected);
  });
  it('breaks no line within its days, which say year and month once', async () => {
    const invoice = givenInvoice();
    const description = {
      ...invoice.lines[0]!.description,
      ja: '署名検証（署名用電子証明書）と最新の利用者情報の提供',
    };
    const raw = async (until: string) => {
      const lines = [{ ...invoice.lines[0]!, description, from: '2026-10-01', until }];
      return (await extract(await invoicePdf({ ...invoice, lines }))).text.split('\n').map((line) => line.trim());
    };
    expect(await raw('2026-11-01')).toContain('（2026年10月1日〜31日）');
    expect(await raw('2026-12-01')).toContain('（2026年10月1日〜2026年11月30日）');
    expect(await raw('2026-10-02')).toContain('（2026年10月1日）');
  });
  it('goes on over pages, with every line and the number on each', async () => {
    const { text, pages } = await textOf(await invoicePdf(givenInvoice(90)));
    expect(pages).toBe(3);
    for (let line = 1; line <= 90; line++) expect(text).toContain(`署名検証〜${line}（`);
    // Once in the head, and at the foot of each page.
    expect(text.split('INV-2026-000001').length - 1).toBe(4);
  });
  it('has the same bytes each time, without the time at which it was made, and a part of the font', async () => {
    const [first, second] = [await invoicePdf(givenInvoice()), await invoicePdf(givenInvoice())];
    expect(first.equals(second)).toBe(true);
    expect(first.length).toBeLessThan(150_000);
    expect(first.includes('NotoSansJP-Regular')).toBe(true);
  });
  it('says that it is a draft, a test, or in the place of another', async () => {
    const invoice = givenInvoice();
    expect((await textOf(await invoicePdf(invoice, true))).text).toContain('請求書（案）');
    const test = await textOf(await invoicePdf({ ...invoice, mode: 'test' }));
    expect(test.text).toContain('テスト環境で作成されたもので、支払いの対象ではありません');
    const corrects = { id: invoice.id, number: 'INV-2026-000009', issued_on: '2026-11-02' };
    expect((await textOf(await invoicePdf({ ...invoice, corrects }))).text).toContain('INV-2026-000009');
  });
  it('marks what is at the reduced rate', async () => {
    const invoice = givenInvoice();
    const reduced = { tax_category: 'reduced', tax_rate: '8' } as const;
    const changed = {
      ...invoice,
      lines: [{ ...invoice.lines[0]!, ...reduced }],
      taxes: [{ ...reduced, amount_yen: 105, tax_yen: 8 }],
    };
    const { text } = await textOf(await invoicePdf(changed));
    expect(text).toContain('8%※対象計（税抜）105円消費税');
    expect(text).toContain('※は軽減税率の対象です。');
  });
  it('is refused for what the font lacks, instead of boxes', async () => {
    expect(await unprintable(['髙﨑𠮷野家㈱', '〜−①\n'])).toEqual([]);
    expect(await unprintable(['a😀', 'ก😀'])).toEqual([
      { character: '😀', code_point: 'U+1F600' },
      { character: 'ก', code_point: 'U+0E01' },
    ]);
  });
});
