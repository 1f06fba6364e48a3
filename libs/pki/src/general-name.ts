import { contextConstructed, contextPrimitive, type DerReader, TAG } from './der.js';
import { readOid } from './known-oid.js';
import { type Name, parseName } from './name.js';
import { decodeUtf8, isAsciiText, isUtf8Text } from './text.js';

export const GENERAL_NAME_LIMITS = { names: 64 } as const;

/**
 * An OtherName (RFC 5280 §4.2.1.6) by its place in the certificate: most verifications only ask whether it is there, so
 * bytes and text are taken out when somebody wants them.
 */
export class OtherName {
  constructor(
    readonly oid: string,
    readonly bytes: Uint8Array,
    /** Offsets of the element inside the [0] EXPLICIT tag. */
    readonly start: number,
    readonly contentStart: number,
    readonly end: number,
    /** True for a UTF8String, which is then known to be well-formed. */
    readonly isText: boolean,
  ) {}

  /** The element inside the [0] EXPLICIT tag. */
  get raw(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** Present when the value is a UTF8String. */
  get value(): string | undefined {
    return this.isText ? decodeUtf8(this.bytes.subarray(this.contentStart, this.end)) : undefined;
  }
}

/** GeneralNames sorted by form; forms without use here are only counted. */
export interface GeneralNames {
  otherNames: OtherName[];
  directoryNames: Name[];
  uris: string[];
  /** Context tags of the names of any other form. */
  otherForms: number[];
}

const OTHER_NAME = contextConstructed(0);
const DIRECTORY_NAME = contextConstructed(4);
const URI = contextPrimitive(6);
/** rfc822Name, dNSName, x400Address, ediPartyName, iPAddress, registeredID. */
const OTHER_FORMS = new Set([0x81, 0x82, 0xa3, 0xa5, 0x87, 0x88]);

/** Reads names until the reader's window ends; at least one (GeneralNames is SIZE (1..MAX)). */
export function readGeneralNames(reader: DerReader): GeneralNames {
  const names: GeneralNames = { otherNames: [], directoryNames: [], uris: [], otherForms: [] };
  if (reader.atEnd) reader.fail('empty_general_names');
  for (let count = 0; !reader.atEnd; count++) {
    if (count === GENERAL_NAME_LIMITS.names) reader.fail('too_many_general_names');
    const tag = reader.next();
    if (tag === OTHER_NAME) names.otherNames.push(readOtherName(reader.inside()));
    else if (tag === DIRECTORY_NAME) {
      const explicit = reader.inside();
      names.directoryNames.push(parseName(explicit));
      explicit.finish();
    } else if (tag === URI) names.uris.push(readIa5(reader));
    else if (OTHER_FORMS.has(tag)) names.otherForms.push(tag & 0x1f);
    else reader.fail('unexpected_tag', reader.elementStart);
  }
  return names;
}

function readOtherName(reader: DerReader): OtherName {
  const oid = readOid(reader);
  const explicit = reader.enter(contextConstructed(0));
  reader.finish();
  const isText = explicit.next() === TAG.UTF8_STRING;
  explicit.finish();
  const { bytes, elementStart, contentStart, offset } = explicit;
  if (isText && !isUtf8Text(bytes, contentStart, offset)) explicit.fail('bad_utf8', elementStart);
  return new OtherName(oid, bytes, elementStart, contentStart, offset, isText);
}

/** The IA5String just read; anything above 7 bits is no IA5 (RFC 5280 §4.2.1.6: URIs are ASCII). */
function readIa5(reader: DerReader): string {
  const { content } = reader;
  if (!isAsciiText(content, 0, content.length)) reader.fail('bad_string', reader.elementStart);
  return decodeUtf8(content);
}
