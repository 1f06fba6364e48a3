import { describe, expect, it } from '@jest/globals';
import { cleanFileName, hasEndingOf } from './file-name.js';

describe('the name of a file', () => {
  it.each([
    ['契約書.pdf', '契約書.pdf'],
    ['C:\\Users\\yamada\\契約書.pdf', '契約書.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['a\r\nSet-Cookie: x.pdf', 'aSet-Cookie x.pdf'],
    // Written backwards by the direction mark: shown as invoiceexe.pdf
    ['invoice\u202efdp.exe', 'invoicefdp.exe'],
    ['ゼロ幅\u200bスペース.pdf', 'ゼロ幅スペース.pdf'],
    ['か\u3099.pdf', 'が.pdf'],
    [' . .hidden.pdf. ', 'hidden.pdf'],
    ['<b>"x"|?*.png', 'bx.png'],
    ['\u202e', ''],
    ['..', ''],
    ['folder/', ''],
  ])('%j becomes %j', (given, cleaned) => expect(cleanFileName(given)).toBe(cleaned));

  it('keeps its ending when it is shortened, and no half of a character', () => {
    const name = cleanFileName(`${'𠮷'.repeat(200)}.pdf`);
    expect([name.length <= 150, name.endsWith('𠮷.pdf')]).toEqual([true, true]);
  });

  it.each([
    ['a.pdf', 'application/pdf', true],
    ['a.PDF', 'application/pdf', true],
    ['a.jpeg', 'image/jpeg', true],
    ['a.pdf.exe', 'application/pdf', false],
    ['a.png', 'image/jpeg', false],
    ['.pdf', 'application/pdf', false],
    ['pdf', 'application/pdf', false],
  ] as const)('%s as %s: %s', (name, type, fits) => expect(hasEndingOf(name, type)).toBe(fits));
});
