import {
  AnchorRefused,
  type Certificate,
  createAnchor,
  type Hierarchy,
  isTestAnchor,
  KNOWN_ROOTS,
  Malformed,
  prepareText,
  type TrustAnchor,
} from '#lib/pki';
import type { Mode } from '#lib/platform';

/** Why a certificate may not become an anchor. */
export type AnchorImportCode =
  | 'anchor_malformed'
  | 'anchor_unfit'
  | 'test_anchor_in_live'
  | 'real_anchor_in_test'
  | 'anchor_hierarchy_wrong'
  | 'anchor_name_wrong';

export interface AnchorImportRefusal {
  code: AnchorImportCode;
  /** The rule broken, where the code leaves it open. */
  rule?: string;
}

const ORGANIZATION = '2.5.4.10';
const ORGANIZATIONAL_UNIT = '2.5.4.11';
/** The unit in a root's name; the rest of the name is the same for both hierarchies. */
const UNITS: Record<Hierarchy, string> = {
  sign: 'jpki for digital signature',
  auth: 'jpki for user authentication',
};

const attributeValues = (certificate: Certificate, wanted: string): string[] =>
  certificate.subject.attributes.filter(({ oid }) => oid === wanted).map(({ value }) => prepareText(value));

/**
 * Whether a root stands in the wrong mode: a test root in live would let anyone with a sandbox card be anybody; a real
 * root in test would put real people's certificates where data are treated lightly.
 */
export function checkAnchorMode(mode: Mode, { certificate, fingerprint }: TrustAnchor): AnchorImportCode | undefined {
  if (mode === 'live') return isTestAnchor(certificate) ? 'test_anchor_in_live' : undefined;
  const real = KNOWN_ROOTS.has(fingerprint) || attributeValues(certificate, ORGANIZATION).includes('jpki');
  return real ? 'real_anchor_in_test' : undefined;
}

function checkAnchorName(certificate: Certificate, hierarchy: Hierarchy): AnchorImportCode | undefined {
  const units = attributeValues(certificate, ORGANIZATIONAL_UNIT);
  const organizations = attributeValues(certificate, ORGANIZATION);
  if (organizations.length !== 1 || !['jpki', 'jpki-test'].includes(organizations[0]!)) return 'anchor_name_wrong';
  if (units.includes(UNITS[hierarchy])) return undefined;
  return units.includes(UNITS[hierarchy === 'sign' ? 'auth' : 'sign']) ? 'anchor_hierarchy_wrong' : 'anchor_name_wrong';
}

export type AnchorImport = { anchor: TrustAnchor; generation: string } | { refusal: AnchorImportRefusal };

/** Judges the DER of a root offered for import. Its validity period is no reason to refuse: old signatures need it. */
export function judgeAnchorImport(der: Uint8Array, mode: Mode, hierarchy: Hierarchy): AnchorImport {
  let anchor: TrustAnchor;
  try {
    anchor = createAnchor(der, hierarchy);
  } catch (error) {
    if (error instanceof Malformed) return { refusal: { code: 'anchor_malformed', rule: error.rule } };
    if (error instanceof AnchorRefused) return { refusal: { code: 'anchor_unfit', rule: error.rule } };
    throw error;
  }
  const known = KNOWN_ROOTS.get(anchor.fingerprint);
  const code =
    checkAnchorMode(mode, anchor) ??
    (known !== undefined && known.hierarchy !== hierarchy ? 'anchor_hierarchy_wrong' : undefined) ??
    checkAnchorName(anchor.certificate, hierarchy);
  if (code !== undefined) return { refusal: { code } };
  const year = new Date(anchor.certificate.notBefore).getUTCFullYear();
  return { anchor, generation: String(known?.generation ?? year) };
}
