import { crc32, deflateSync } from 'node:zlib';

/** A document of one empty page; `says` makes it another. */
export function pdf(says = ''): Buffer {
  const head = `%PDF-1.4\n% ${says}\n`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>',
  ].map((body, index) => `${index + 1} 0 obj\n${body}\nendobj\n`);
  const offsets = objects.map((_, index) => Buffer.byteLength(head + objects.slice(0, index).join('')));
  const start = Buffer.byteLength(head + objects.join(''));
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  return Buffer.from(
    `${head}${objects.join('')}xref\n0 4\n0000000000 65535 f \n${table}` +
      `trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`,
  );
}

export function pngChunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** One grey point, with further chunks before its data. */
export const png = (...further: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])),
    ...further,
    pngChunk('IDAT', deflateSync(Buffer.from([0, 128]))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);

/** The segments of a baseline picture; its coded data hold a stuffed byte and a restart marker. */
export const jpeg = (): Buffer =>
  Buffer.from(
    [
      [0xff, 0xd8],
      [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0],
      [0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0],
      [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56],
      [0xff, 0xd9],
    ].flat(),
  );
