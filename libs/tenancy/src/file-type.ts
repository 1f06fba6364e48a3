import { crc32 } from 'node:zlib';

/** What can be attached, with the endings of its names. */
export const FILE_TYPES = {
  'application/pdf': ['.pdf'],
  'image/png': ['.png'],
  'image/jpeg': ['.jpg', '.jpeg'],
} as const;
export type FileType = keyof typeof FILE_TYPES;

const PDF = Buffer.from('%PDF-');
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);
const beginsWith = (content: Buffer, magic: Buffer): boolean => content.subarray(0, magic.length).equals(magic);

/** The type that the first bytes tell; whether the rest keeps what they promise says `checkFile`. */
export function fileTypeOf(content: Buffer): FileType | undefined {
  if (beginsWith(content, PDF)) return 'application/pdf';
  if (beginsWith(content, PNG)) return 'image/png';
  return beginsWith(content, JPEG) ? 'image/jpeg' : undefined;
}

/** `truncated`: the end is missing. `trailing_bytes`: something else follows the end. `broken`: the parts do not fit. */
export type FileFault = 'truncated' | 'trailing_bytes' | 'broken';

/**
 * Whether a file is whole, and nothing besides what it says it is: other programs must not find another file in it by
 * reading from its end, as those of ZIP do, or past its first bytes, as those of PDF do.
 */
export const checkFile = (content: Buffer, type: FileType): FileFault | undefined => CHECKS[type](content);

const CHECKS: Record<FileType, (content: Buffer) => FileFault | undefined> = {
  'application/pdf': checkPdf,
  'image/png': (content) => (hidesPdf(content) ? 'broken' : checkPng(content)),
  'image/jpeg': (content) => (hidesPdf(content) ? 'broken' : checkJpeg(content)),
};

/** Readers of PDF take a header in the first 1,024 bytes (ISO 32000-1 annex H.3, implementation note 13). */
const hidesPdf = (content: Buffer): boolean => content.subarray(0, 1024 + PDF.length).includes(PDF);

/** ISO 32000-1 §7.5: header with a version, at the end startxref, its offset and the end-of-file marker. */
function checkPdf(content: Buffer): FileFault | undefined {
  if (!/^%PDF-[12]\.[0-9][\r\n \t%]/.test(content.subarray(0, 9).toString('latin1'))) return 'broken';
  const tail = content.subarray(-1024).toString('latin1');
  const end = tail.lastIndexOf('%%EOF');
  if (end < 0) return 'truncated';
  if (!/^[\s\0]*$/.test(tail.slice(end + '%%EOF'.length))) return 'trailing_bytes';
  const found = /startxref\s+([0-9]{1,10})\s+$/.exec(tail.slice(0, end));
  return found && Number(found[1]) < content.length ? undefined : 'broken';
}

/** PNG (W3C, third edition) §5: chunks with their checksums, first the header, last the end. */
function checkPng(content: Buffer): FileFault | undefined {
  let hasImage = false;
  for (let at = PNG.length; ;) {
    if (at + 12 > content.length) return 'truncated';
    const length = content.readUInt32BE(at);
    const end = at + 12 + length;
    if (end > content.length) return 'truncated';
    const name = content.toString('latin1', at + 4, at + 8);
    if ((name === 'IHDR') !== (at === PNG.length) || (name === 'IHDR' && length !== 13)) return 'broken';
    if (crc32(content.subarray(at + 4, end - 4)) !== content.readUInt32BE(end - 4)) return 'broken';
    if (name === 'IDAT') hasImage = true;
    if (name === 'IEND')
      return end < content.length ? 'trailing_bytes' : hasImage && length === 0 ? undefined : 'broken';
    at = end;
  }
}

const SOS = 0xda;
const EOI = 0xd9;
/** Start of frame, of any kind of coding: C0–CF without the tables DHT, JPG and DAC among them. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** ITU-T T.81 annex B: segments with their lengths; between a scan's header and the next marker, coded data. */
function checkJpeg(content: Buffer): FileFault | undefined {
  let hasFrame = false;
  let hasScan = false;
  for (let at = 2; ;) {
    if (at + 2 > content.length) return 'truncated';
    if (content[at] !== 0xff) return 'broken';
    const marker = content[at + 1]!;
    // Markers may be preceded by any number of fill bytes.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === EOI) return at + 2 < content.length ? 'trailing_bytes' : hasFrame && hasScan ? undefined : 'broken';
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8)) return 'broken';
    if (at + 4 > content.length) return 'truncated';
    const length = content.readUInt16BE(at + 2);
    if (length < 2) return 'broken';
    hasFrame ||= isFrame(marker);
    at += 2 + length;
    if (marker !== SOS) continue;
    hasScan = true;
    at = endOfScan(content, at);
  }
}

/** Where the next marker begins: in coded data FF is followed by 00, or is a restart marker. */
function endOfScan(content: Buffer, from: number): number {
  for (let at = content.indexOf(0xff, from); at >= 0; at = content.indexOf(0xff, at + 1)) {
    const next = content[at + 1];
    if (next !== 0x00 && !(next !== undefined && next >= 0xd0 && next <= 0xd7)) return at;
  }
  return content.length;
}
