import type { Authority } from './authorities.js';
import { distributionPointName, MUNICIPALITIES, type Hierarchy } from './hierarchy.js';

export const LAYOUTS = ['partitioned', 'full'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** One CRL file: what it covers and who signs it. */
export interface Partition {
  /** `<generation>-<municipality>` or `<generation>-full`; the file name without `.crl`. */
  name: string;
  hierarchy: Hierarchy;
  authority: Authority;
  /** Absent: every municipality. */
  municipality?: string;
  /** DER Name, as in the CRLDP of the certificates covered. */
  distributionPoint?: Buffer;
}

/** The CRL files of a hierarchy whose CAs are `authorities`. */
export function partitionsOf(hierarchy: Hierarchy, layout: Layout, authorities: readonly Authority[]): Partition[] {
  return authorities.flatMap((authority): Partition[] =>
    layout === 'full'
      ? [{ name: `${authority.generation}-full`, hierarchy, authority }]
      : MUNICIPALITIES.map((municipality) => ({
          name: `${authority.generation}-${municipality.key}`,
          hierarchy,
          authority,
          municipality: municipality.key,
          distributionPoint: distributionPointName(hierarchy, municipality),
        })),
  );
}
