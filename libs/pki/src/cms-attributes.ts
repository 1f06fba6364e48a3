import { TAG } from './der.js';
import type { DerReader } from './der.js';
import { encodeElement } from './der-encode.js';

/** The signed attributes of a SignerInfo (RFC 5652 §5.3, §11). */
export interface SignedAttributes {
  /** What the signature covers: the attributes as a SET OF, tag 0x31 instead of the [0] they are sent with (§5.4). */
  encoded: Uint8Array;
  contentType?: string;
  messageDigest?: Uint8Array;
  /** Milliseconds; the signer's own claim. */
  signingTime?: number;
}

const MAX_ATTRIBUTES = 32;
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_TIME = '1.2.840.113549.1.9.5';
const DIGEST_MAX_OCTETS = 64;

/**
 * Reads the [0] element the reader has just passed. The attributes must be in the order of DER (X.690 §11.6), since the
 * signature is over their DER; no type comes twice, and each of the three known ones has exactly one value (§11.1–3).
 */
export function readSignedAttributes(reader: DerReader): SignedAttributes {
  const list = reader.inside('cms.signed_attributes');
  if (list.atEnd) list.fail('empty_attributes');
  const attributes: SignedAttributes = { encoded: encodeElement(TAG.SET, reader.content) };
  const seen = new Set<string>();
  let previous: Uint8Array | undefined;
  while (!list.atEnd) {
    if (seen.size === MAX_ATTRIBUTES) list.fail('too_many_attributes');
    const attribute = list.enter(TAG.SEQUENCE);
    const { element } = list;
    if (previous && Buffer.compare(previous, element) >= 0) list.fail('attributes_not_sorted', list.elementStart);
    previous = element;
    const type = attribute.oid();
    if (seen.has(type)) list.fail('duplicate_attribute', list.elementStart);
    seen.add(type);
    const values = attribute.enter(TAG.SET);
    attribute.finish();
    if (values.atEnd) values.fail('attribute_without_value');
    if (type === CONTENT_TYPE) attributes.contentType = single(values, () => values.oid());
    else if (type === MESSAGE_DIGEST) attributes.messageDigest = single(values, () => readDigest(values));
    else if (type === SIGNING_TIME) attributes.signingTime = single(values, () => values.time());
  }
  return attributes;
}

function single<T>(values: DerReader, read: () => T): T {
  const value = read();
  if (!values.atEnd) values.fail('several_attribute_values');
  return value;
}

function readDigest(values: DerReader): Uint8Array {
  values.expect(TAG.OCTET_STRING);
  if (values.content.length > DIGEST_MAX_OCTETS) values.fail('bad_octet_string', values.elementStart);
  return values.content;
}
