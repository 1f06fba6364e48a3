import type { Authority } from './authorities.js';
import { distributionPointName, getMunicipality, MUNICIPALITIES, nationalKey, type Hierarchy } from './hierarchy.js';

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
  /** Position in the synthetic national set, from 0. */
  national?: number;
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

/** A partition of the synthetic national set. */
export function nationalPartition(hierarchy: Hierarchy, authority: Authority, index: number): Partition {
  const municipality = getMunicipality(nationalKey(index));
  return {
    name: `${authority.generation}-${municipality.key}`,
    hierarchy,
    authority,
    municipality: municipality.key,
    distributionPoint: distributionPointName(hierarchy, municipality),
    national: index,
  };
}
