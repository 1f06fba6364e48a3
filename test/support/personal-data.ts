import { X509Certificate } from 'node:crypto';
import type pg from 'pg';
import type { SandboxClient } from './card.js';
import type { Needles } from './needles.js';

/** Octets of a certificate that are in no other: from its key and its signature. */
const PART_OCTETS = 32;

/** What a certificate says of its holder and what it is known by. `what` says whose it is. */
export function addCertificate(needles: Needles, what: string, der: Buffer): void {
  const certificate = new X509Certificate(der);
  needles.addSerial(`serial of ${what}`, BigInt(`0x${certificate.serialNumber}`));
  needles.addText(`subject of ${what}`, /CN=([^\n]+)/.exec(certificate.subject)![1]!);
  needles.addOctets(`certificate of ${what}`, der.subarray(-PART_OCTETS));
  const { n } = certificate.publicKey.export({ format: 'jwk' });
  const modulus = Buffer.from(n!, 'base64url');
  needles.addOctets(`certificate of ${what}`, modulus.subarray(64, 64 + PART_OCTETS));
  needles.addOctets(`certificate of ${what}`, der.subarray(0, PART_OCTETS));
}

export interface Facts {
  name: string;
  birth_date: string;
  address: string;
}

/** `EYYYYMMDD` of a certificate, and the same day as other systems write it. */
export function addFacts(needles: Needles, what: string, { name, birth_date, address }: Facts): void {
  needles.addText(`name of ${what}`, name);
  needles.addText(`name of ${what}`, name.replaceAll('　', ''));
  needles.addText(`address of ${what}`, address);
  needles.addText(`address of ${what}`, address.replace(/^(東京都|北海道|..府|..県)/u, ''));
  const [, year, month, day] = /^.(\d{4})(\d\d)(\d\d)$/.exec(birth_date)!;
  needles.addWord(`birth date of ${what}`, birth_date);
  if (day === '00') return;
  needles.addWord(`birth date of ${what}`, `${year}${month}${day}`);
  for (const separator of '-/.') needles.addText(`birth date of ${what}`, [year, month, day].join(separator));
}

interface SandboxCard {
  id: string;
  holder: Facts;
  certificates: Record<'sign' | 'auth', object | null>;
  former: { hierarchy: 'sign' | 'auth'; serial: string }[];
}

/** Everything the sandbox's cards could give away: every card there is, with its former certificates. */
export async function addCards(needles: Needles, { url }: SandboxClient): Promise<SandboxCard[]> {
  const ask = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${url}${path}`);
    if (!answer.ok) throw new Error(`sandbox: ${path} was answered with ${answer.status}`);
    return (await answer.json()) as T;
  };
  const { cards } = await ask<{ cards: SandboxCard[] }>('/cards');
  for (const { id, holder, certificates, former } of cards) {
    addFacts(needles, id, holder);
    for (const hierarchy of ['sign', 'auth'] as const) {
      const earlier = former.filter((each) => each.hierarchy === hierarchy).map(({ serial }) => `?serial=${serial}`);
      for (const query of [...(certificates[hierarchy] ? [''] : []), ...earlier]) {
        const path = `/cards/${id}/certificates/${hierarchy}${query}`;
        const { certificate } = await ask<{ certificate: string }>(path);
        addCertificate(needles, `${id}, ${hierarchy}`, Buffer.from(certificate, 'base64'));
      }
    }
  }
  return cards;
}

/** Lists of revoked certificates are everybody's: serials belong there, and nothing else. */
const PUBLIC_LISTS = /^(public\.)?"?(crl|revocation)/;

/**
 * Searches the raw content of every table of every schema, what is in bytea also as it was stored.
 * @returns `table: what` for each thing found
 */
export async function searchTables(client: pg.Client, needles: Needles): Promise<string[]> {
  const { rows: tables } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`,
  );
  const found = new Set<string>();
  for (const { name } of tables) {
    const { rows } = await client.query<{ text: string }>(`select t::text as text from ${name} t`);
    for (const { text } of rows)
      for (const what of [...needles.find(text), ...octetsIn(text).flatMap((octets) => needles.find(octets))])
        if (!(what.startsWith('serial of ') && PUBLIC_LISTS.test(name))) found.add(`${name}: ${what}`);
  }
  return [...found].sort();
}

/** The bytea values in the text of a row. */
const octetsIn = (text: string): Buffer[] =>
  [...text.matchAll(/\\x((?:[0-9a-f]{2}){6,})/g)].map(([, hex]) => Buffer.from(hex!, 'hex'));
