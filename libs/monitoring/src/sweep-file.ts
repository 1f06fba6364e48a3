import { setImmediate as turn } from 'node:timers/promises';
import iconv from 'iconv-lite';
import { Problem } from '#lib/platform';
import { checkReference } from '#lib/tenancy';
import type { Rejection } from './sweep.js';

export const FILE_ENCODINGS = ['utf-8', 'cp932'] as const;
export type FileEncoding = (typeof FILE_ENCODINGS)[number];

/** Octets of a file, and its lines without the first. */
export const MAX_FILE_OCTETS = 32 * 1024 * 1024;
export const MAX_FILE_ROWS = 1_000_000;
/** As of a verification's `reference`. */
const MAX_REFERENCE = 128;
const HEADER = 'reference';
/** Octets decoded, and lines read, without a break: requests in between wait that long. */
const DECODE_AT_ONCE = 256 * 1024;
const ROWS_AT_ONCE = 2_000;

/** A reference and the line of the file in which it stands. */
export interface FileRow {
  line: number;
  reference: string;
}

export interface SweepFile {
  /** Each reference once. */
  rows: FileRow[];
  /** Lines that cannot be a reference. */
  rejections: Rejection[];
}

/**
 * Reads a file of one column (RFC 4180): `reference`, then one of the tenant's own references a line. Lines count from
 * the header as 1.
 * @param format of the contract's references, if it has one
 * @throws Problem `csv_encoding_wrong`, `csv_header_wrong`, `csv_too_many_rows`
 */
export async function readSweepFile(
  octets: Uint8Array,
  { encoding, format }: { encoding: FileEncoding; format: string | null },
): Promise<SweepFile> {
  const text = await decode(octets, encoding);
  const seen = new Map<string, number>();
  const file: SweepFile = { rows: [], rejections: [] };
  let count = 0;
  for (const { line, fields, isClosed } of records(text)) {
    if (count === 0) {
      if (!isClosed || fields.length !== 1 || fields[0] !== HEADER) throw new Problem('csv_header_wrong', { line });
    } else if (count > MAX_FILE_ROWS) throw new Problem('csv_too_many_rows');
    else {
      const code = faultOf(fields, isClosed, format);
      const firstLine = code === undefined ? seen.get(fields[0]!) : undefined;
      if (code !== undefined) file.rejections.push({ line, code });
      else if (firstLine !== undefined) file.rejections.push({ line, code: 'reference_repeated', firstLine });
      else {
        seen.set(fields[0]!, line);
        file.rows.push({ line, reference: fields[0]! });
      }
    }
    if (++count % ROWS_AT_ONCE === 0) await turn();
  }
  if (count === 0) throw new Problem('csv_header_wrong', { line: 1 });
  return file;
}

const CONTROL = /[\u0000-\u001f\u007f]/;
/** What a spreadsheet runs: somebody's file was not meant to hold it, and ours must not pass it on. */
const FORMULA = /^[=+\-@＝＋－＠]/u;

function faultOf(fields: readonly string[], isClosed: boolean, format: string | null): string | undefined {
  const [reference = ''] = fields;
  if (!isClosed) return 'quote_not_closed';
  if (fields.length !== 1) return 'more_than_one_column';
  if (reference === '') return 'reference_empty';
  if (CONTROL.test(reference)) return 'control_character';
  if (reference.length > MAX_REFERENCE) return 'reference_too_long';
  if (FORMULA.test(reference)) return 'formula';
  return checkReference(reference, format);
}

/** The text without a byte order mark. @throws Problem `csv_encoding_wrong` with the line of the first wrong octet */
async function decode(octets: Uint8Array, encoding: FileEncoding): Promise<string> {
  const decoder = encoding === 'utf-8' ? utf8() : cp932();
  const parts: string[] = [];
  let line = 1;
  for (let at = 0; at < octets.length || at === 0; at += DECODE_AT_ONCE) {
    const end = Math.min(octets.length, at + DECODE_AT_ONCE);
    const part = decoder(octets.subarray(at, end), end === octets.length);
    if (part === undefined || part.includes('\ufffd')) {
      const before = part?.slice(0, part.indexOf('\ufffd')) ?? '';
      throw new Problem('csv_encoding_wrong', { line: line + countLines(before), encoding });
    }
    line += countLines(part);
    parts.push(part);
    if (end < octets.length) await turn();
  }
  return parts.join('');
}

const countLines = (text: string): number => text.split('\n').length - 1;

type Decode = (octets: Uint8Array, isLast: boolean) => string | undefined;

/** Wrong octets become U+FFFD; one that the file itself holds is no reference either. */
function utf8(): Decode {
  const decoder = new TextDecoder('utf-8');
  return (octets, isLast) => decoder.decode(octets, { stream: !isLast });
}

function cp932(): Decode {
  const decoder = iconv.getDecoder('cp932');
  return (octets, isLast) => decoder.write(Buffer.from(octets)) + (isLast ? (decoder.end() ?? '') : '');
}

interface Record {
  line: number;
  fields: string[];
  /** False: a quote was opened and never closed, or something follows the closed one. */
  isClosed: boolean;
}

/** Records of a CSV text (RFC 4180, any line end); an empty last line is none. */
function* records(text: string): Generator<Record> {
  const next = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|\r|\n|$)/y;
  let line = 1;
  for (let at = 0; at < text.length;) {
    const record: Record = { line, fields: [], isClosed: true };
    for (let more = true; more;) {
      next.lastIndex = at;
      const match = next.exec(text);
      if (!match) {
        // A stray quote: the rest of the line is of no use.
        record.isClosed = false;
        const end = /\r\n|\r|\n/g;
        end.lastIndex = at;
        at = end.exec(text) ? end.lastIndex : text.length;
        line++;
        break;
      }
      const [whole, field, separator] = match as unknown as [string, string, string];
      record.fields.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
      at += whole.length;
      line += field.startsWith('"') ? countLines(field) : 0;
      more = separator === ',';
      if (!more) line++;
    }
    yield record;
  }
}
