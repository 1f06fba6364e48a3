import { Malformed } from '#lib/pki';
import { decodeBase64, PEM_BLOCK } from './armour.js';

/** What somebody has a file of. */
export interface GivenFile {
  form: 'der' | 'pem' | 'base64';
  structure: 'certificate' | 'cms';
  /** One of a CMS message, several of a chain. */
  ders: Uint8Array[];
}

/** A chain is three certificates long; a bundle of roots is no question. */
const MAX_BLOCKS = 16;
/** RFC 7468 §5, §8, §9, and the label that OpenSSL writes with an alias. */
const LABELS: Readonly<Record<string, GivenFile['structure']>> = {
  CERTIFICATE: 'certificate',
  'X509 CERTIFICATE': 'certificate',
  PKCS7: 'cms',
  CMS: 'cms',
};

const SEQUENCE = 0x30;
const OID = 0x06;
const fail = (rule: string, offset = 0): never => {
  throw new Malformed('file', rule, offset);
};

/** Finds out what a file holds, without looking into it further. @throws Malformed of `file` */
export function readGivenFile(octets: Buffer): GivenFile {
  if (octets.length === 0) return fail('empty');
  if (octets[0] === SEQUENCE) return { form: 'der', structure: structureOf(octets), ders: [octets] };
  const text = octets.toString('latin1');
  if (text.includes('-----BEGIN ')) return readPem(text);
  const compact = text.replaceAll(/\s/gu, '');
  const der = decodeBase64(compact);
  if (der?.[0] !== SEQUENCE) return fail('unrecognized');
  return { form: 'base64', structure: structureOf(der), ders: [der] };
}

/** Blocks of one kind: what is asked about is the first. */
function readPem(text: string): GivenFile {
  const blocks = [...text.matchAll(PEM_BLOCK)];
  const [first] = blocks;
  if (!first) return fail('pem_block_broken', text.indexOf('-----BEGIN '));
  if (blocks.length > MAX_BLOCKS) return fail('too_many_blocks', blocks[MAX_BLOCKS]!.index);
  const structure = LABELS[first[1]!];
  if (structure === undefined) return fail('pem_label_unsupported', first.index);
  const ders = blocks
    .filter(([, label = '']) => LABELS[label] === structure)
    .map(({ 2: body = '', index }) => decodeBase64(body.replaceAll(/\s/gu, '')) ?? fail('bad_base64', index));
  return { form: 'pem', structure, ders: structure === 'cms' ? ders.slice(0, 1) : ders };
}

/** A ContentInfo begins with its type, a certificate with the part that is signed. */
function structureOf(der: Buffer): GivenFile['structure'] {
  const length = der[1] ?? 0;
  const start = length < 0x80 ? 2 : 2 + (length & 0x7f);
  return der[start] === OID ? 'cms' : 'certificate';
}
