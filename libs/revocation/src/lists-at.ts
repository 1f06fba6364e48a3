import { createHash } from 'node:crypto';
import type { Certificate, Hierarchy, RevocationFinding, TrustAnchor } from '#lib/pki';
import { listDoubt, statusAmong } from './crl-status.js';
import { ResidentSet, type ResidentCrl } from './resident-set.js';
import { SerialFilter } from './serial-filter.js';
import type { SerialQuestion } from './serial-statuses.js';
import { entryInAny, serialOctets, silenceAbout, silenceOf, type Silence } from './serial-status.js';

/** The lists of one hierarchy that answers rest on, in a few figures. Times in milliseconds. */
export interface ListsSummary {
  lists: number;
  entries: number;
  /** Partitions whose list was never had. */
  missing: number;
  /** Of these lists, past their nextUpdate. */
  stale: number;
  oldestThisUpdate?: number;
  newestThisUpdate?: number;
  soonestNextUpdate?: number;
  /** Hex, over the hashes of all these lists' files in their order: equal exactly when the lists are. */
  sha256: string;
}

/** What lists some issuers' serials would stand in, and what their silence means. */
interface Issuers {
  anchor: string | undefined;
  at: number;
  lists: ResidentCrl[];
  silence: Silence;
  filter: SerialFilter;
  /** What silence means for every certificate that ends at or after `from`; most of a million questions get this answer. */
  good?: { from: number; finding: RevocationFinding };
}

/**
 * The lists in force at one epoch of a mode. They never change, so whoever asks all questions here is told by one and
 * the same state of every list, whatever is accepted meanwhile.
 */
export class ListsAt {
  private readonly set = new ResidentSet();
  private readonly issuers = new Map<string, Issuers>();
  /** Those asked last: finding them by their key takes longer than the question. */
  private readonly latest: Partial<Record<Hierarchy, Issuers>> = {};

  /**
   * @param lists of all partitions
   * @param missing fingerprint of the anchor of each partition that had no list yet
   */
  constructor(
    readonly epoch: string,
    private readonly anchors: readonly TrustAnchor[],
    private readonly lists: readonly ResidentCrl[],
    private readonly missing: readonly string[],
  ) {
    for (const list of lists) this.set.put(list);
  }

  /** As `RevocationService.crlStatus`. @param at milliseconds by the clock of the mode */
  ofCertificate(certificate: Certificate, anchorFingerprint: string, at: number): RevocationFinding {
    return statusAmong(certificate, this.set.covering(certificate, anchorFingerprint), at);
  }

  /** As `SerialStatuses.statusOf`. */
  ofSerial({ hierarchy, serialNumber, anchor, notAfter, at }: Omit<SerialQuestion, 'mode'>): RevocationFinding {
    const latest = this.latest[hierarchy];
    const issuers = latest?.anchor === anchor && latest?.at === at ? latest : this.issuersOf(hierarchy, anchor, at);
    this.latest[hierarchy] = issuers;
    const { lists, silence, filter, good } = issuers;
    const serial = serialOctets(serialNumber);
    if (filter.mayHold(serial)) {
      const certificate = { serial, ...(notAfter === undefined ? {} : { notAfter }) };
      const entry = entryInAny(certificate, lists, at);
      if (entry !== undefined) return entry;
    }
    if (notAfter !== undefined && good !== undefined && notAfter >= good.from) return good.finding;
    const finding = silenceAbout(notAfter, silence, at);
    if (finding.status === 'good' && notAfter !== undefined) issuers.good = { from: notAfter, finding };
    return finding;
  }

  private issuersOf(hierarchy: Hierarchy, anchor: string | undefined, at: number): Issuers {
    const key = `${hierarchy}|${anchor ?? ''}|${at}`;
    let issuers = this.issuers.get(key);
    if (issuers === undefined) {
      const fingerprints = this.anchors
        .filter((each) => each.hierarchy === hierarchy)
        // Certificates of JPKI end before the key that issued them: one past its own end has none left.
        .filter((each) => (anchor === undefined ? each.certificate.notAfter >= at : each.fingerprint === anchor))
        .map(({ fingerprint }) => fingerprint);
      const lists = this.lists.filter((list) => fingerprints.includes(list.anchorFingerprint));
      const covered = fingerprints.every((each) => lists.some((list) => list.anchorFingerprint === each));
      const silence = silenceOf(lists, at);
      const incomplete = !covered || fingerprints.some((each) => this.missing.includes(each));
      issuers = {
        anchor,
        at,
        lists,
        silence:
          incomplete && !('doubt' in silence)
            ? { doubt: { method: 'crl', status: 'unavailable', detail: 'list_missing' } }
            : silence,
        filter: new SerialFilter(lists),
      };
      this.issuers.set(key, issuers);
    }
    return issuers;
  }

  /** What the lists of a hierarchy are. @param at as of when they are stale or not, milliseconds */
  summary(hierarchy: Hierarchy, at: number): ListsSummary {
    const fingerprints = this.anchors.filter((each) => each.hierarchy === hierarchy).map((each) => each.fingerprint);
    const lists = this.lists.filter((list) => fingerprints.includes(list.anchorFingerprint));
    const hash = createHash('sha256');
    for (const sha256 of lists.map((list) => list.sha256).sort()) hash.update(sha256, 'hex');
    return {
      lists: lists.length,
      entries: lists.reduce((sum, { columns }) => sum + columns.size, 0),
      missing: this.missing.filter((each) => fingerprints.includes(each)).length,
      stale: lists.filter((list) => listDoubt(list, at)).length,
      ...(lists.length === 0
        ? {}
        : {
            oldestThisUpdate: lists.reduce((least, each) => Math.min(least, each.thisUpdate), Infinity),
            newestThisUpdate: lists.reduce((most, each) => Math.max(most, each.thisUpdate), -Infinity),
            soonestNextUpdate: lists.reduce((least, each) => Math.min(least, each.nextUpdate), Infinity),
          }),
      sha256: hash.digest('hex'),
    };
  }
}
