import type { Certificate, Name, RevocationColumns } from '#lib/pki';

/** The name of a distribution point as two keys: in its comparison form (RFC 5280 §7.1) and by its DER. */
export interface PointKey {
  canonical: string;
  der: string;
}

const derKey = (name: Name): string =>
  Buffer.from(name.der.buffer, name.der.byteOffset, name.der.byteLength).toString('latin1');

export const pointKey = (name: Name): PointKey => ({ canonical: name.canonical, der: derKey(name) });

/** The head list of one partition as processes answer from it. Immutable. */
export interface ResidentCrl {
  /** Row id of the list. */
  crlId: string;
  anchorFingerprint: string;
  /** Absent: the list covers everything the anchor's key issued. */
  point?: PointKey;
  columns: RevocationColumns;
  crlNumber?: string;
  /** Milliseconds. */
  thisUpdate: number;
  nextUpdate: number;
  /** Hex, of the CRL file. */
  sha256: string;
}

interface AnchorLists {
  full?: ResidentCrl;
  byName: Map<string, ResidentCrl>;
  /** The same lists by the DER of their name: certificates write it as the lists do, and bytes need no folding. */
  byDer: Map<string, ResidentCrl>;
}

/** The revocation lists of one mode by issuing key and distribution point. Replacing a list is one assignment. */
export class ResidentSet {
  private readonly anchors = new Map<string, AnchorLists>();

  /** @returns the list replaced, if there was one. */
  put(list: ResidentCrl): ResidentCrl | undefined {
    let lists = this.anchors.get(list.anchorFingerprint);
    if (lists === undefined) {
      lists = { byName: new Map(), byDer: new Map() };
      this.anchors.set(list.anchorFingerprint, lists);
    }
    const { point } = list;
    if (point === undefined) {
      const former = lists.full;
      lists.full = list;
      return former;
    }
    const former = lists.byName.get(point.canonical);
    lists.byName.set(point.canonical, list);
    lists.byDer.set(point.der, list);
    return former;
  }

  /**
   * The lists that cover a certificate issued by the anchor: those of its distribution points, then the anchor's whole
   * list. A point with `reasons` or `cRLIssuer` (RFC 5280 §4.2.1.13) names a list that covers less or is signed by
   * another; no such list is ever accepted here, so it leads nowhere.
   */
  covering(certificate: Certificate, anchorFingerprint: string): ResidentCrl[] {
    const lists = this.anchors.get(anchorFingerprint);
    if (lists === undefined) return [];
    const found: ResidentCrl[] = [];
    for (const point of certificate.extensions.crlDistributionPoints ?? []) {
      if (point.hasReasons || point.hasCrlIssuer) continue;
      for (const name of point.fullName?.directoryNames ?? []) {
        const list = this.find(lists, name);
        if (list !== undefined) found.push(list);
      }
    }
    if (lists.full !== undefined) found.push(lists.full);
    return found;
  }

  private find(lists: AnchorLists, name: Name): ResidentCrl | undefined {
    const list = lists.byDer.get(derKey(name));
    // A list re-listed under another encoding of its name leaves its old bytes behind; the name decides.
    return list !== undefined && lists.byName.get(list.point!.canonical) === list
      ? list
      : lists.byName.get(name.canonical);
  }

  /** Every list held. */
  *lists(): Iterable<ResidentCrl> {
    for (const { full, byName } of this.anchors.values()) {
      if (full !== undefined) yield full;
      yield* byName.values();
    }
  }

  get stats(): { partitions: number; entries: number } {
    let partitions = 0;
    let entries = 0;
    for (const list of this.lists()) {
      partitions++;
      entries += list.columns.size;
    }
    return { partitions, entries };
  }
}
