import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Malformed, parseCertificate, sha256Hex } from '#lib/pki';
import { buildCms, CMS_AT, issuerAndSerial } from '../../../test/support/cms.js';
import * as der from '../../../test/support/der-writer.js';
import { CARD_HOLDER, issueEndEntity, makeAuthority } from '../../../test/support/pki.js';
import { explainGiven, type Root } from './explain-given.js';

const authority = makeAuthority('sign', 2023);
const holder = issueEndEntity(authority);
const other = makeAuthority('sign', 2019);
const rootOf = (mode: Root['mode'], certificate: Buffer): Root => ({
  mode,
  fingerprint: sha256Hex(certificate),
  certificate,
});
const ROOTS = [rootOf('test', other.der), rootOf('test', authority.der)];
const explain = (octets: Buffer, roots: readonly Root[] = ROOTS) => explainGiven(octets, roots, CMS_AT);
const pem = (label: string, octets: Buffer): string =>
  `-----BEGIN ${label}-----\n${octets.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;
const content = Buffer.from('agreed');
const signerId = issuerAndSerial(authority.name, parseCertificate(holder.der).serial);
const cms = (change = {}) => buildCms({ content, key: holder.key, signerId, certificates: [holder.der], ...change });

/** Structure and rule of what could not be read. */
function faultOf(octets: Buffer | string): string {
  try {
    explain(Buffer.from(octets));
    return 'read';
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return `${error.structure} ${error.rule}`;
  }
}

describe('a certificate that somebody has', () => {
  it('is explained with its holder, its kind and whose root it leads to', () => {
    const { form, structure, certificates, cms: message, verdict } = explain(holder.der);
    expect([form, structure, message, certificates.length]).toEqual(['der', 'certificate', null, 1]);
    expect(certificates[0]).toMatchObject({
      sha256: sha256Hex(holder.der),
      kind: 'jpki_sign',
      kind_mode: 'test',
      key: 'RSA 2048',
      signature_algorithm: 'sha256 pkcs1_v15',
      attributes: { name: { value: CARD_HOLDER.name }, sex: 'female', date_of_birth: { iso: '2008-10-31' } },
    });
    expect(certificates[0]!.extensions.find(({ name }) => name === 'keyUsage')).toMatchObject({
      critical: true,
      values: ['digitalSignature', 'nonRepudiation'],
    });
    expect(verdict).toMatchObject({ outcome: 'valid', trusted_in: 'test' });
    expect(verdict!.path.map(({ sha256 }) => sha256)).toEqual([holder.der, authority.der].map(sha256Hex));
    expect(verdict!.steps.map(({ check, result }) => [check, result])).toContainEqual(['revocation', 'not_run']);
  });

  it('names its holder nowhere but where the holder is shown', () => {
    const { certificates, verdict } = explain(holder.der);
    const said = JSON.stringify([certificates.map((each) => ({ ...each, attributes: null })), verdict]);
    for (const secret of [CARD_HOLDER.name, CARD_HOLDER.address, CARD_HOLDER.dateOfBirth])
      expect(said).not.toContain(secret);
  });

  it.each<[string, string]>([
    ['pem', `Bag Attributes\n${pem('CERTIFICATE', holder.der)}`],
    ['base64', holder.der.toString('base64').replaceAll(/.{76}/g, '$&\r\n')],
  ])('is the same as %s', (form, text) => expect(explain(Buffer.from(text))).toEqual({ ...explain(holder.der), form }));

  it('is judged first where others stand behind it', () => {
    const { certificates, verdict } = explain(
      Buffer.from(pem('CERTIFICATE', holder.der) + pem('CERTIFICATE', other.der)),
    );
    expect(certificates.map(({ kind }) => kind)).toEqual(['jpki_sign', 'authority']);
    expect(verdict!.outcome).toBe('valid');
  });

  it('of an authority that is no root here is not trusted', () => {
    const { verdict } = explain(holder.der, [rootOf('test', other.der)]);
    expect([verdict!.outcome, verdict!.trusted_in, verdict!.steps[0]!.reasons.map(({ code }) => code)]).toEqual([
      'invalid',
      null,
      ['issuer_unknown'],
    ]);
  });
});

describe('a message that somebody has', () => {
  it('is explained with its signer, and its signature is checked over what is attached', () => {
    const { structure, certificates, cms: message, verdict } = explain(cms());
    expect([structure, certificates.map(({ kind }) => kind)]).toEqual(['cms', ['jpki_sign']]);
    expect(message).toEqual({
      content_type: '1.2.840.113549.1.7.1',
      content_octets: content.length,
      certificates: 1,
      signers: [
        {
          digest_algorithm: 'sha256',
          signature_algorithm: 'sha256 pkcs1_v15',
          signing_time: new Date(CMS_AT - 60_000).toISOString(),
          signed_attributes: true,
        },
      ],
    });
    expect(verdict!.outcome).toBe('valid');
  });

  it.each<[string, object, string, string | undefined]>([
    [
      'changed',
      { tamper: (octets: Buffer) => Buffer.from(octets.map((octet, at) => (at === 9 ? octet ^ 1 : octet))) },
      'invalid',
      'signature_mismatch',
    ],
    ['detached', { attached: false }, 'indeterminate', 'unsupported_signature'],
  ])('that is %s says so', (_what, change, outcome, code) => {
    const { verdict } = explain(cms(change));
    expect([verdict!.outcome, verdict!.steps.flatMap(({ reasons }) => reasons)[0]?.code]).toEqual([outcome, code]);
  });

  it('without the signer’s certificate has no verdict', () => {
    const { certificates, verdict } = explain(cms({ certificates: undefined }));
    expect([certificates, verdict]).toEqual([[], null]);
  });
});

describe('what cannot be read', () => {
  const deep = (levels: number): Buffer => {
    let octets = der.nul();
    for (let level = 0; level < levels; level++) octets = der.sequence(octets);
    return octets;
  };

  it.each<[string, Buffer | string, string]>([
    ['nothing', '', 'file empty'],
    ['words', 'これは証明書ではありません', 'file unrecognized'],
    ['another DER', Buffer.from('300302010a', 'hex'), 'certificate unexpected_tag'],
    ['half a certificate', holder.der.subarray(0, 700), 'certificate truncated'],
    ['more than a certificate', Buffer.concat([holder.der, Buffer.from([0])]), 'certificate trailing_bytes'],
    ['half a message', cms().subarray(0, 500), 'cms truncated'],
    ['levels without end', deep(2_000), 'certificate missing_element'],
    ['a private key', pem('PRIVATE KEY', Buffer.from('secret')), 'file pem_label_unsupported'],
    ['a block without end', pem('CERTIFICATE', holder.der).slice(0, 400), 'file pem_block_broken'],
    ['a block that is no base64', '-----BEGIN CERTIFICATE-----\nMII=A\n-----END CERTIFICATE-----', 'file bad_base64'],
    ['more blocks than a chain has', pem('CERTIFICATE', holder.der).repeat(17), 'file too_many_blocks'],
    ['many beginnings', '-----BEGIN CERTIFICATE-----'.repeat(40_000), 'file pem_block_broken'],
  ])('is told by its rule: %s', (_what, octets, fault) => expect(faultOf(octets)).toBe(fault));

  it('is all that anything ends in: whatever it holds, it is explained or refused', () => {
    const whole = [holder.der, cms(), Buffer.from(pem('CERTIFICATE', holder.der))];
    const mutated = fc
      .tuple(
        fc.constantFrom(...whole),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 }),
      )
      .map(([octets, changes]) => {
        const copy = Buffer.from(octets);
        for (const [at, mask] of changes) copy[at % copy.length]! ^= mask;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), (octets) => void faultOf(Buffer.from(octets))),
      {
        numRuns: 600,
      },
    );
  });
});
