import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crlEntry } from '../../../test/support/crl.js';
import { UsualEntries } from './crl-entry-usual.js';
import { DerReader, Malformed, TAG } from './der.js';
import { serialOctets } from './revocation-columns.js';
import { RevocationColumnsBuilder } from './revocation-columns-builder.js';
import { CRL_REASONS } from './verdict.js';

interface Read {
  revokedAt: number;
  reason: string;
}

/** The entry as the quick reader takes it; undefined when it leaves it to the other one. */
function quick(bytes: Uint8Array, reasonsAllowed = true): (Read & { serial: string }) | undefined {
  const builder = new RevocationColumnsBuilder();
  const end = new UsualEntries(bytes, builder, reasonsAllowed).scan(0, bytes.length, 1);
  if (end === 0) {
    expect(builder.size).toBe(0);
    return undefined;
  }
  const [entry] = builder.build('test');
  return { ...entry!, serial: Buffer.from(entry!.serial).toString('hex') };
}

/** The same octet by octet, with the checks of DER. */
function careful(bytes: Uint8Array): (Read & { serial: string }) | undefined {
  try {
    const list = new DerReader(bytes, 'test');
    const entry = list.enter(TAG.SEQUENCE);
    list.finish();
    const serial = Buffer.from(entry.integer(20)).toString('hex');
    if (entry.peek() !== TAG.UTC_TIME) return undefined;
    const revokedAt = entry.time();
    let code = 0;
    if (!entry.atEnd) {
      const extensions = entry.enter(TAG.SEQUENCE);
      const extension = extensions.enter(TAG.SEQUENCE);
      extensions.finish();
      if (extension.oid() !== '2.5.29.21') return undefined;
      const value = extension.enter(TAG.OCTET_STRING);
      extension.finish();
      code = value.smallInteger(TAG.ENUMERATED);
      value.finish();
    }
    entry.finish();
    const reason = CRL_REASONS[code];
    return reason === undefined || revokedAt < 0 ? undefined : { serial, revokedAt, reason };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

const seconds = fc.integer({ min: 0, max: Date.UTC(2049, 11, 31, 23, 59, 59) / 1000 });
const serials = fc.integer({ min: 0x0080_0000, max: 0x7fff_ffff });
const reasons = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });

describe('The quick reader of entries', () => {
  it('takes every entry of the usual shape and reads it right', () => {
    fc.assert(
      fc.property(serials, seconds, reasons, (serial, second, code) => {
        const revokedAt = second * 1000;
        const bytes = crlEntry({ serial, revokedAt, ...(code === undefined ? {} : { reason: code }) });
        expect(quick(bytes)).toEqual({
          serial: Buffer.from(serialOctets(serial)).toString('hex'),
          revokedAt,
          reason: CRL_REASONS[code ?? 0],
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('takes nothing that the rules of DER refuse or read otherwise, whatever octet is changed to whatever', () => {
    for (const reason of [undefined, 4]) {
      const bytes = crlEntry({ serial: 0x12345678, ...(reason === undefined ? {} : { reason }) });
      for (let at = 0; at < bytes.length; at++) {
        const kept = bytes[at]!;
        for (let value = 0; value < 256; value++) {
          bytes[at] = value;
          const taken = quick(bytes);
          // A shorter length makes an entry of its own of the first octets.
          if (taken !== undefined) expect(taken).toEqual(careful(bytes.subarray(0, bytes[1]! + 2)));
        }
        bytes[at] = kept;
      }
    }
  });

  it('takes no impossible time, for any twelve digits', () => {
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(digits, (values) => {
        const bytes = crlEntry({ serial: 0x12345678 });
        bytes.write(values.join(''), 10, 'latin1');
        expect(quick(bytes)).toEqual(careful(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it('leaves reasons to the other reader where none are allowed', () => {
    expect(quick(crlEntry({ serial: 0x12345678, reason: 4 }), false)).toBeUndefined();
    expect(quick(crlEntry({ serial: 0x12345678 }), false)).toBeDefined();
  });

  it('stops at the room it is given and at the end of what is there', () => {
    const entry = crlEntry({ serial: 0x12345678, reason: 4 });
    const bytes = Buffer.concat([entry, entry, entry]);
    const builder = new RevocationColumnsBuilder();
    const reader = new UsualEntries(bytes, builder, true);
    expect(reader.scan(0, bytes.length, 2)).toBe(74);
    expect(reader.scan(74, bytes.length - 1, 9)).toBe(74);
    expect(builder.size).toBe(2);
  });
});
