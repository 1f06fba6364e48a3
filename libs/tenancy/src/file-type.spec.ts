import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jpeg, pdf, png, pngChunk } from '../../../test/support/files.js';
import { checkFile, type FileType, fileTypeOf } from './file-type.js';

const WHOLE: [FileType, Buffer][] = [
  ['application/pdf', pdf()],
  ['image/png', png()],
  ['image/jpeg', jpeg()],
];
const ZIP = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);
const replaced = (content: Buffer, from: string, to: string): Buffer =>
  Buffer.from(content.toString('latin1').replace(from, to), 'latin1');

describe.each(WHOLE)('a file of type %s', (type, content) => {
  it('is known by its content and whole', () =>
    expect([fileTypeOf(content), checkFile(content, type)]).toEqual([type, undefined]));

  it('is not whole when its end is missing, wherever it is cut', () => {
    for (let length = 8; length < content.length - 2; length++)
      expect(checkFile(content.subarray(0, length), type)).not.toBeUndefined();
  });

  it('is refused with an archive behind its end, which other programs would read instead', () =>
    expect(checkFile(Buffer.concat([content, ZIP]), type)).toBe('trailing_bytes'));

  it('makes the check neither throw nor hang, whatever follows its beginning', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(content.length), (noise, keep) => {
        const fault = checkFile(Buffer.concat([content.subarray(0, keep), noise]), type);
        expect(['truncated', 'trailing_bytes', 'broken', undefined]).toContain(fault);
      }),
    ));
});

describe('what is no file of these types', () => {
  it.each([
    ['an archive', ZIP],
    ['a page', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['a program', Buffer.from('MZ\x90\x00', 'latin1')],
    ['a document that begins with something else', Buffer.concat([Buffer.from('GIF89a'), pdf()])],
    ['a picture with a vector inside', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['nothing', Buffer.alloc(0)],
  ])('%s', (_what, content) => expect(fileTypeOf(content)).toBeUndefined());
});

describe('a broken file', () => {
  it.each<[string, FileType, Buffer]>([
    ['a PDF of no version', 'application/pdf', replaced(pdf(), '%PDF-1.4', '%PDF-x.4')],
    ['a PDF without its table', 'application/pdf', replaced(pdf(), 'startxref', 'startxxxx')],
    ['a PDF whose table lies behind its end', 'application/pdf', replaced(pdf(), 'startxref\n', 'startxref\n99')],
    ['a PNG with a changed byte', 'image/png', replaced(png(), 'IHDR\0\0\0\x01', 'IHDR\0\0\0\x02')],
    ['a PNG with a document inside', 'image/png', png(pngChunk('tEXt', pdf()))],
    ['a PNG without a picture', 'image/png', png().subarray(0, 33).fill(0, 33)],
    ['a JPEG that is only its beginning', 'image/jpeg', Buffer.from([0xff, 0xd8, 0xff, 0xd9])],
    ['a JPEG whose segment has no length', 'image/jpeg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 1, 0, 0])],
  ])('%s', (_what, type, content) => expect(checkFile(content, type)).not.toBeUndefined());
});
