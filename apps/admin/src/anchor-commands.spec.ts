import { describe, expect, it } from '@jest/globals';
import { certificateOfFile, readFingerprint } from './anchor-commands.js';
import { shortAge } from './revocation-status.js';

const DER = Buffer.from('3003020101', 'hex');

describe('what an operator gives', () => {
  it('may be a certificate as DER or PEM', () => {
    const pem = `-----BEGIN CERTIFICATE-----\r\nMAMC\nAQE=\n-----END CERTIFICATE-----\n`;
    expect(certificateOfFile(DER)).toEqual(DER);
    expect(certificateOfFile(Buffer.from(pem))).toEqual(DER);
  });

  it('is not taken for PEM when more than one certificate is in it', () => {
    const pem = `-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n`;
    expect(certificateOfFile(Buffer.from(pem + pem))).toEqual(Buffer.from(pem + pem));
  });

  it('may be a fingerprint with colons, spaces and capitals', () => {
    expect(readFingerprint(' AB:cd 01\n')).toBe('abcd01');
  });
});

describe('an age', () => {
  it('is shown in the largest unit that says enough', () => {
    const hour = 3_600_000;
    expect([0, 59_999, 61_000, hour, 47 * hour, 48 * hour].map(shortAge)).toEqual([
      '0 min',
      '0 min',
      '1 min',
      '1 h',
      '47 h',
      '2 d',
    ]);
  });
});
