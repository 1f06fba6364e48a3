import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { codePoint, Problem, type UnmappableCharacter } from '#lib/platform';
import type { InvoiceDocument, InvoiceLine } from './invoice-content.js';
import { dayBefore, type Day } from './japan-month.js';

/** Noto Sans JP, SIL Open Font License 1.1; of it what an invoice uses is put into its file. */
const FONTS = join(dirname(createRequire(import.meta.url).resolve('@embedpdf/fonts-jp')), '..', 'fonts');
const REGULAR = 'NotoSansJP-Regular';
const BOLD = 'NotoSansJP-Bold';

/** A4 in points, and the columns of the lines: left edge and width. */
const PAGE = { left: 50, right: 545, bottom: 790 };
const COLUMNS = {
  number: [50, 24],
  text: [78, 252],
  quantity: [330, 50],
  price: [380, 60],
  amount: [440, 65],
  rate: [505, 40],
} as const;

/** `what` of a number that is on no draft yet. */
const TITLES = { live: '請求書', test: '請求書（テスト）', draft: '請求書（案）' } as const;
const CATEGORY: Record<InvoiceLine['tax_category'], string> = {
  standard: '',
  reduced: '※',
  exempt: '非課税',
  out_of_scope: '不課税',
};

const yen = (amount: number): string => `${amount.toLocaleString('en-US')}円`;
const day = (iso: Day): string => {
  const [year, month, date] = iso.split('-').map(Number);
  return `${year}年${month}月${date}日`;
};
const rateOf = ({ tax_rate, tax_category }: Pick<InvoiceLine, 'tax_rate' | 'tax_category'>): string =>
  tax_rate === null ? CATEGORY[tax_category] : `${tax_rate}%${CATEGORY[tax_category]}`;

/** What of a font is asked here; pdfkit takes it as it is, and cuts out of it what a file uses. */
interface Face {
  hasGlyphForCodePoint(point: number): boolean;
}
/** By name; read once, which is most of the work of an invoice. */
type Faces = Record<typeof REGULAR | typeof BOLD, Face>;

async function loadTools() {
  const { default: Document } = await import('pdfkit');
  const { create } = await import('fontkit');
  const face = async (name: string): Promise<Face> => create(await readFile(join(FONTS, `${name}.otf`))) as Face;
  const faces: Faces = { [REGULAR]: await face(REGULAR), [BOLD]: await face(BOLD) };
  return { Document, faces };
}
let loaded: ReturnType<typeof loadTools> | undefined;
/** Loaded with the first invoice: a program that makes none starts without them, in half a second less. */
const tools = (): ReturnType<typeof loadTools> => (loaded ??= loadTools());

class Sheet {
  readonly doc: PDFKit.PDFDocument;
  private readonly chunks: Buffer[] = [];
  private readonly done: Promise<Buffer>;

  /** @param madeOn goes into the file as its date, so that the same invoice is the same bytes */
  constructor({ Document, faces }: Awaited<ReturnType<typeof tools>>, title: string, author: string, madeOn: Day) {
    const made = new Date(`${madeOn}T00:00:00Z`);
    this.doc = new Document({
      size: 'A4',
      margin: 0,
      // Pages are numbered when all are there.
      bufferPages: true,
      // The types know files only.
      font: faces[REGULAR] as unknown as string,
      info: { Title: title, Author: author, CreationDate: made, ModDate: made, Producer: 'Shomei', Creator: 'Shomei' },
    });
    // From here on by name.
    this.doc.font(faces[BOLD] as unknown as string).font(REGULAR);
    this.done = new Promise((resolve, reject) => {
      this.doc.on('data', (chunk: Buffer) => this.chunks.push(chunk));
      this.doc.on('end', () => resolve(Buffer.concat(this.chunks)));
      this.doc.on('error', reject);
    });
  }

  /** Writes a text and says how high it stands. */
  write(text: string, x: number, y: number, width: number, size = 9, options: PDFKit.Mixins.TextOptions = {}): number {
    this.doc.fontSize(size);
    const box = { width, lineGap: 1.5, ...options };
    const height = this.doc.heightOfString(text, box);
    this.doc.text(text, x, y, box);
    return height;
  }

  bold(text: string, x: number, y: number, width: number, size = 9, options: PDFKit.Mixins.TextOptions = {}): number {
    this.doc.font(BOLD);
    const height = this.write(text, x, y, width, size, options);
    this.doc.font(REGULAR);
    return height;
  }

  rule(y: number, thickness = 0.5): void {
    this.doc.moveTo(PAGE.left, y).lineTo(PAGE.right, y).lineWidth(thickness).stroke();
  }

  finish(footer: string): Promise<Buffer> {
    const { count } = this.doc.bufferedPageRange();
    for (let page = 0; page < count; page++) {
      this.doc.switchToPage(page);
      this.write(`${footer}　${page + 1} / ${count}`, PAGE.left, 815, PAGE.right - PAGE.left, 8, { align: 'right' });
    }
    this.doc.end();
    return this.done;
  }
}

/**
 * The invoice on A4, in Japanese. Its bytes follow from the invoice alone.
 * @param isDraft a preview: says so instead of a number
 */
export async function invoicePdf(invoice: InvoiceDocument, isDraft = false): Promise<Buffer> {
  const title = TITLES[isDraft ? 'draft' : invoice.mode];
  const sheet = new Sheet(await tools(), `${title} ${invoice.number}`, invoice.issuer.name, invoice.issued_on);
  let y = writeHead(sheet, invoice, title);
  y = writeColumnNames(sheet, y);
  for (const line of invoice.lines) {
    const height = heightOf(sheet, line);
    if (y + height > PAGE.bottom) {
      sheet.doc.addPage();
      y = writeColumnNames(sheet, 50);
    }
    writeLine(sheet, line, y);
    y += height;
    sheet.rule(y - 2, 0.2);
  }
  const needed = 110 + invoice.taxes.length * 16;
  if (y + needed > PAGE.bottom) {
    sheet.doc.addPage();
    y = 50;
  }
  writeTotals(sheet, invoice, y + 8);
  return sheet.finish(isDraft ? title : invoice.number);
}

function writeHead(sheet: Sheet, invoice: InvoiceDocument, title: string): number {
  const { issuer, recipient, corrects, totals } = invoice;
  sheet.bold(title, PAGE.left, 45, 495, 20, { align: 'center' });
  let y = 95;
  y += sheet.bold(`${recipient.name}　御中`, PAGE.left, y, 270, 12) + 4;
  y += sheet.write(recipient.address, PAGE.left, y, 270) + 14;
  y += sheet.bold(`ご請求金額（税込）　${yen(totals.total_yen)}`, PAGE.left, y, 270, 13) + 6;
  y += sheet.write(`お支払期限　${day(invoice.due_on)}`, PAGE.left, y, 270, 10) + 4;
  y += sheet.write(`お振込先　${issuer.payment}`, PAGE.left, y, 270);

  let right = 95;
  const facts = [
    `請求書番号　${invoice.number}`,
    `発行日　${day(invoice.issued_on)}`,
    `締日　${day(invoice.closed_on)}`,
    `対象期間　${day(invoice.from)}〜${day(dayBefore(invoice.until))}`,
    ...(corrects ? [`本書は ${corrects.number}（${day(corrects.issued_on)}発行・取消済み）に代わるものです。`] : []),
  ];
  for (const fact of facts) right += sheet.write(fact, 335, right, 210) + 2;
  right += 8;
  right += sheet.bold(issuer.name, 335, right, 210, 11) + 2;
  right += sheet.write(issuer.address, 335, right, 210) + 2;
  right += sheet.write(`登録番号　${issuer.registration_number}`, 335, right, 210);
  return Math.max(y, right) + 20;
}

function writeColumnNames(sheet: Sheet, y: number): number {
  const names = { number: 'No.', text: '内容', quantity: '数量', price: '単価', amount: '金額（税抜）', rate: '税率' };
  for (const [key, [x, width]] of Object.entries(COLUMNS)) {
    const align = key === 'number' || key === 'text' ? 'left' : 'right';
    sheet.bold(names[key as keyof typeof names], x, y, width, 8, { align });
  }
  sheet.rule(y + 14);
  return y + 18;
}

/** The days of a line; year and month are not said twice. */
function daysOf({ from, until }: InvoiceLine): string {
  const last = dayBefore(until);
  if (last === from) return `（${day(from)}）`;
  const isOneMonth = last.slice(0, 7) === from.slice(0, 7);
  return `（${day(from)}〜${isOneMonth ? `${Number(last.slice(8))}日` : day(last)}）`;
}

/** What a line is about, with its days and, for a credit, the invoice it is of. Days that do not fit stand on a line of their own. */
function aboutOf(sheet: Sheet, line: InvoiceLine): string {
  const { description, credits } = line;
  const days = daysOf(line);
  sheet.doc.fontSize(8.5);
  const isTooLong = sheet.doc.widthOfString(`${description.ja}${days}`) > COLUMNS.text[1];
  const credited = credits ? `　${credits.number}（${day(credits.issued_on)}発行）分` : '';
  return `${description.ja}${isTooLong ? '\n' : ''}${days}${credited}`;
}

function heightOf(sheet: Sheet, line: InvoiceLine): number {
  const about = aboutOf(sheet, line);
  return Math.max(14, sheet.doc.heightOfString(about, { width: COLUMNS.text[1], lineGap: 1.5 }) + 4);
}

function writeLine(sheet: Sheet, line: InvoiceLine, y: number): void {
  const right = { align: 'right' } as const;
  sheet.write(String(line.number), COLUMNS.number[0], y, COLUMNS.number[1], 8.5);
  sheet.write(aboutOf(sheet, line), COLUMNS.text[0], y, COLUMNS.text[1], 8.5);
  sheet.write(line.quantity.toLocaleString('en-US'), COLUMNS.quantity[0], y, COLUMNS.quantity[1], 8.5, right);
  sheet.write(line.unit_price, COLUMNS.price[0], y, COLUMNS.price[1], 8.5, right);
  sheet.write(yen(line.amount_yen), COLUMNS.amount[0], y, COLUMNS.amount[1], 8.5, right);
  sheet.write(rateOf(line), COLUMNS.rate[0], y, COLUMNS.rate[1], 8.5, right);
}

function writeTotals(sheet: Sheet, { taxes, totals, mode }: InvoiceDocument, top: number): void {
  let y = top;
  const row = (label: string, amount: string, isBold = false): void => {
    const write = isBold ? 'bold' : 'write';
    sheet[write](label, 240, y, 190, 9.5, { align: 'right' });
    sheet[write](amount, 440, y, 105, 9.5, { align: 'right' });
    y += 16;
  };
  for (const { tax_rate, tax_category, amount_yen, tax_yen } of taxes) {
    if (tax_rate === null) row(`${CATEGORY[tax_category]}　対象計`, yen(amount_yen));
    else row(`${tax_rate}%${CATEGORY[tax_category]}対象計（税抜）${yen(amount_yen)}　消費税`, yen(tax_yen));
  }
  row('小計（税抜）', yen(totals.amount_yen));
  row('消費税合計', yen(totals.tax_yen));
  row('合計（税込）', yen(totals.total_yen), true);
  if (taxes.some(({ tax_category }) => tax_category === 'reduced'))
    y += sheet.write('※は軽減税率の対象です。', PAGE.left, y, 495, 8) + 4;
  if (mode === 'test') sheet.write('テスト環境で作成されたもので、支払いの対象ではありません。', PAGE.left, y, 495, 8);
}

/** Characters that the font lacks, each once: they would be printed as boxes. */
export async function unprintable(texts: readonly string[]): Promise<UnmappableCharacter[]> {
  const { faces } = await tools();
  return [...new Set(texts.join(''))]
    .filter((character) => character !== '\n' && !faces[REGULAR].hasGlyphForCodePoint(character.codePointAt(0)!))
    .map((character) => ({ character, code_point: codePoint(character) }));
}

/** @throws Problem `characters_unprintable` with every character that the font of invoices lacks */
export async function mustBePrintable(texts: readonly string[]): Promise<void> {
  const characters = await unprintable(texts);
  if (characters.length > 0) throw new Problem('characters_unprintable', { characters });
}
