import { OID } from './oids.js';
import { printableString, oid, sequence, element, utf8String } from './der-writer.js';

/** sign: 署名用, auth: 利用者証明用. */
export const HIERARCHIES = ['sign', 'auth'] as const;
export type Hierarchy = (typeof HIERARCHIES)[number];

export const GENERATIONS = ['2015', '2019', '2023'] as const;
export type Generation = (typeof GENERATIONS)[number];

interface GenerationFacts {
  /** Serial of the root certificate. */
  serial: number;
  /** Milliseconds. The end is 23:59:59 JST, as on the real roots. */
  notBefore: number;
  notAfter: number;
}

/** Lives of the CA generations: those of the real roots, to the day. */
export const GENERATION_FACTS: Record<Generation, GenerationFacts> = {
  '2015': { serial: 1, notBefore: Date.UTC(2015, 9, 20, 3), notAfter: Date.UTC(2025, 9, 19, 14, 59, 59) },
  '2019': { serial: 100_000_001, notBefore: Date.UTC(2019, 8, 14, 23), notAfter: Date.UTC(2029, 8, 14, 14, 59, 59) },
  '2023': { serial: 150_000_001, notBefore: Date.UTC(2023, 6, 16, 1), notAfter: Date.UTC(2033, 6, 15, 14, 59, 59) },
};

/** The first end-entity serial; four octets with the top bit clear, like today's real serials. */
export const FIRST_SERIAL = 200_000_001;

interface HierarchyFacts {
  unit: string;
  /** Certificate policy. The arc is JPKI's test arc; the last numbers of the auth policy are this sandbox's choice. */
  policy: string;
  japaneseUnit: string;
}

export const HIERARCHY_FACTS: Record<Hierarchy, HierarchyFacts> = {
  sign: {
    unit: 'JPKI for digital signature',
    policy: '1.2.392.200149.8.5.1.0.20',
    japaneseUnit: '公的個人認証サービス署名用（試験）',
  },
  auth: {
    unit: 'JPKI for user authentication',
    policy: '1.2.392.200149.8.5.1.0.30',
    japaneseUnit: '公的個人認証サービス利用者証明用（試験）',
  },
};

/** An invented municipality; the prefectures exist so that addresses look familiar. */
export interface Municipality {
  key: string;
  prefecture: string;
  romaji: string;
  japanese: string;
  /** Six digits in the manner of a local government code; none of these is assigned. */
  code: string;
}

export const MUNICIPALITIES: readonly Municipality[] = [
  { key: 'kakuu', prefecture: 'Tokyo-to', romaji: 'Kakuu-ku', japanese: '東京都架空区', code: '139991' },
  { key: 'mihon', prefecture: 'Osaka-fu', romaji: 'Mihon-shi', japanese: '大阪府見本市', code: '279991' },
  { key: 'reidai', prefecture: 'Hokkaido', romaji: 'Reidai-cho', japanese: '北海道例題町', code: '019991' },
  { key: 'shiken', prefecture: 'Okinawa-ken', romaji: 'Shiken-son', japanese: '沖縄県試験村', code: '479991' },
];

/** Municipalities of the synthetic national set: `n0001` and on. */
const NATIONAL_KEY = /^n(\d{4})$/;
export const nationalKey = (index: number): string => `n${String(index + 1).padStart(4, '0')}`;

/** Position in the national set, from 0; undefined for any other key. */
export function nationalIndex(key: string): number | undefined {
  const digits = NATIONAL_KEY.exec(key)?.[1];
  return digits === undefined || digits === '0000' ? undefined : Number(digits) - 1;
}

export function findMunicipality(key: string): Municipality | undefined {
  if (nationalIndex(key) === undefined) return MUNICIPALITIES.find((municipality) => municipality.key === key);
  return {
    key,
    prefecture: 'Zenkoku-ken',
    romaji: `${key.toUpperCase()}-shi`,
    japanese: `全国県${key.slice(1)}市`,
    code: `99${key.slice(1)}`,
  };
}

export function getMunicipality(key: string): Municipality {
  const found = findMunicipality(key);
  if (!found) throw new Error(`no municipality ${key}`);
  return found;
}

/** A Name of single-valued RDNs; the country is a PrintableString (RFC 5280 appendix A), everything else UTF8String. */
export function distinguishedName(...attributes: [type: string, value: string][]): Buffer {
  return sequence(
    ...attributes.map(([type, value]) =>
      element(0x31, sequence(oid(type), type === OID.countryName ? printableString(value) : utf8String(value))),
    ),
  );
}

/** All generations of a hierarchy carry this one name. */
export const caName = (hierarchy: Hierarchy): Buffer =>
  distinguishedName(
    [OID.countryName, 'JP'],
    [OID.organizationName, 'JPKI-TEST'],
    [OID.organizationalUnitName, HIERARCHY_FACTS[hierarchy].unit],
    [OID.organizationalUnitName, 'Japan Agency for Local Authority Information Systems'],
  );

/** The CA's Japanese name: subjectAltName of the roots, issuerAltName of what they issue. */
export const caJapaneseName = (hierarchy: Hierarchy): Buffer =>
  distinguishedName(
    [OID.countryName, 'JP'],
    [OID.organizationName, '公的個人認証サービス（試験）'],
    [OID.organizationalUnitName, HIERARCHY_FACTS[hierarchy].japaneseUnit],
    [OID.organizationalUnitName, '地方公共団体情報システム機構（試験）'],
  );

/** Where revocations of one municipality are listed: the name in a certificate's CRLDP and in its partition's IDP. */
export const distributionPointName = (hierarchy: Hierarchy, municipality: Municipality): Buffer =>
  distinguishedName(
    [OID.countryName, 'JP'],
    [OID.organizationName, 'JPKI-TEST'],
    [OID.organizationalUnitName, HIERARCHY_FACTS[hierarchy].unit],
    [OID.organizationalUnitName, 'CRL Distribution Points'],
    [OID.organizationalUnitName, municipality.prefecture],
    [OID.commonName, `${municipality.romaji} CRLDP`],
  );
