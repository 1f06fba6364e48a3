import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Authorities } from './authorities.js';
import { isRevoked, type RevocationReason } from './card-record.js';
import type { CardRegistry } from './card-registry.js';
import { LAYOUTS, nationalPartition, partitionsOf, type Layout, type Partition } from './crl-partition.js';
import { crl, crlEntry, syntheticEntries, type CrlContent } from './crl-writer.js';
import { distributionPointName, MUNICIPALITIES, nationalIndex, type Generation, type Hierarchy } from './hierarchy.js';
import type { NationalSet } from './national-set.js';
import { SandboxError } from './sandbox-error.js';
import type { StateStore } from './state-store.js';
import { DAY_MS } from './validity.js';

/** A CRL is replaced after a day and may be relied on for two. */
const REPUBLISH_AFTER_MS = DAY_MS;
const VALID_FOR_MS = 2 * DAY_MS;
/** First CRLNumber; above 1 so that an older CRL can always be made. */
const FIRST_NUMBER = 100;
/** Numbers between two publications of the national set, for cards revoked meanwhile; there are fewer cards than this. */
const ROOM_FOR_CARDS = 100_000;

const publishedSchema = z.object({
  number: z.number().int(),
  thisUpdate: z.number().int(),
  /** SHA-256 over what the CRL lists. */
  contentHash: z.string(),
  /** SHA-256 of the CRL. */
  sha256: z.string(),
});
type Published = z.infer<typeof publishedSchema> & { der: Buffer };

const SYNTHETIC_FILE = 'synthetic.json';
const syntheticSchema = z.record(
  z.string(),
  z.object({ count: z.number().int(), seed: z.number().int(), at: z.number().int() }),
);

/** A CRL with one thing wrong, properly signed; `next` is right in everything and not yet published. */
export type CrlForgery = 'next' | 'stale' | 'rollback' | 'wrong_scope';

/** What a CRL lists: revocations of cards, and blocks of invented ones. */
interface Listing {
  revoked: { serial: string; at: number; reason: RevocationReason }[];
  synthetic: { count: number; seed: number; at: number }[];
}

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const entriesOf = (listing: Listing): Buffer[] => [
  ...listing.revoked.map(({ serial, at, reason }) => crlEntry(BigInt(serial), at, reason)),
  ...listing.synthetic.map(({ count, seed, at }) => syntheticEntries(count, seed, at)),
];

/** Publishes CRLs: number, time and bytes of each survive a restart. */
export class CrlPublisher {
  private readonly current = new Map<string, Published>();
  private readonly synthetic: z.infer<typeof syntheticSchema>;

  constructor(
    private readonly store: StateStore,
    private readonly authorities: Authorities,
    private readonly cards: CardRegistry,
    private readonly national: NationalSet,
  ) {
    this.synthetic = store.read(SYNTHETIC_FILE, syntheticSchema) ?? {};
  }

  /** The CRL files of CAs that are alive at `now`. */
  partitions(hierarchy: Hierarchy, layout: Layout, now: number): Partition[] {
    const authorities = this.authorities.active(hierarchy, now);
    const newest = authorities.at(-1);
    const own = partitionsOf(hierarchy, layout, authorities);
    if (layout === 'full' || newest === undefined) return own;
    const national = Array.from({ length: this.national.partitionCount(hierarchy) }, (_, index) =>
      nationalPartition(hierarchy, newest, index),
    );
    return [...own, ...national];
  }

  getPartition(hierarchy: Hierarchy, name: string, now: number): Partition {
    const [generation, key = ''] = name.split('-', 2);
    const index = nationalIndex(key);
    const newest = this.authorities.active(hierarchy, now).at(-1);
    // Not looked up in a list of thousands: it would have to be made for each file.
    if (index !== undefined && index < this.national.partitionCount(hierarchy))
      if (newest !== undefined && newest.generation === generation) return nationalPartition(hierarchy, newest, index);
    const all = LAYOUTS.flatMap((layout) => this.partitions(hierarchy, layout, now));
    const found = all.find((partition) => partition.name === name);
    if (!found) throw new SandboxError('crl_not_found', `there is no CRL ${hierarchy}/${name}`);
    return found;
  }

  /** Puts `count` invented revocations into one municipality's CRL and the full one; 0 takes them out. */
  setSynthetic(hierarchy: Hierarchy, generation: Generation, municipality: string, count: number, now: number): void {
    const at = Math.floor(now / 1000) * 1000;
    this.synthetic[`${hierarchy}/${generation}-${municipality}`] = { count, seed: count + 1, at };
    this.store.write(SYNTHETIC_FILE, this.synthetic);
  }

  /** DER of the CRL valid now; a new one when its content changed, a day has passed, or the clock went back. */
  publish(partition: Partition, now: number): Buffer {
    if (partition.national === undefined) return this.publishedNow(partition, now).der;
    const { number, thisUpdate } = this.nationalNow(partition, now);
    return crl(partition.authority.issuer, {
      number,
      thisUpdate,
      nextUpdate: thisUpdate + VALID_FOR_MS,
      distributionPoint: partition.distributionPoint,
      entries: this.entries(partition, now),
    });
  }

  /** What a partition lists at `at`; of a national one always the newest invented entries. */
  private entries(partition: Partition, at: number): Buffer[] {
    const cards = entriesOf(this.listing(partition, at));
    return partition.national === undefined ? cards : [this.national.entries(partition.national), ...cards];
  }

  /** Number and time follow from the set's days and the cards revoked since, so nothing has to be kept. */
  private nationalNow(partition: Partition, now: number): { number: number; thisUpdate: number } {
    const { sequence, thisUpdate } = this.national.publication(now);
    const { hierarchy, authority, municipality } = partition;
    const revoked = [...this.cards.certificatesOf(hierarchy, authority.generation)].filter(
      ([record, issuedBy]) => issuedBy === municipality && isRevoked(record, now),
    );
    return {
      number: (FIRST_NUMBER + sequence) * ROOM_FOR_CARDS + revoked.length,
      thisUpdate: Math.max(thisUpdate, ...revoked.map(([record]) => record.revocation!.at)),
    };
  }

  /** A CRL that differs from the one valid now as `forgery` says; it is signed but never published. */
  forge(partition: Partition, now: number, forgery: CrlForgery): Buffer {
    const last =
      partition.national === undefined ? this.publishedNow(partition, now) : this.nationalNow(partition, now);
    const make = (number: number, thisUpdate: number, wrong: Partial<CrlContent> = {}): Buffer =>
      crl(partition.authority.issuer, {
        number,
        thisUpdate,
        nextUpdate: thisUpdate + VALID_FOR_MS,
        distributionPoint: partition.distributionPoint,
        entries: this.entries(partition, Math.min(now, thisUpdate)),
        ...wrong,
      });
    switch (forgery) {
      case 'next':
        return make(last.number + 1, now);
      case 'stale':
        return make(last.number + 1, now - 3 * DAY_MS);
      case 'rollback':
        return make(last.number - 1, last.thisUpdate - DAY_MS);
      case 'wrong_scope': {
        const other = MUNICIPALITIES.find(({ key }) => key !== partition.municipality)!;
        return make(last.number + 1, now, { distributionPoint: distributionPointName(partition.hierarchy, other) });
      }
    }
  }

  private publishedNow(partition: Partition, now: number): Published {
    const key = `${partition.hierarchy}/${partition.name}`;
    const listing = this.listing(partition, now);
    const contentHash = sha256(JSON.stringify(listing));
    const last = this.current.get(key) ?? this.readPublished(key);
    const age = last ? now - last.thisUpdate : Infinity;
    if (last && last.contentHash === contentHash && age >= 0 && age < REPUBLISH_AFTER_MS) {
      this.current.set(key, last);
      return last;
    }
    const number = last ? last.number + 1 : FIRST_NUMBER;
    const thisUpdate = Math.floor(now / 1000) * 1000;
    const der = crl(partition.authority.issuer, {
      number,
      thisUpdate,
      nextUpdate: thisUpdate + VALID_FOR_MS,
      distributionPoint: partition.distributionPoint,
      entries: entriesOf(listing),
    });
    const facts = { number, thisUpdate, contentHash, sha256: sha256(der) };
    this.store.writeBytes(`crl/${key}.crl`, der);
    this.store.write(`crl/${key}.json`, facts);
    const published = { ...facts, der };
    this.current.set(key, published);
    return published;
  }

  /** After a crash between the two writes the bytes do not fit the facts: the number is kept, the bytes are not. */
  private readPublished(key: string): Published | undefined {
    const facts = this.store.read(`crl/${key}.json`, publishedSchema);
    const der = this.store.readBytes(`crl/${key}.crl`);
    if (!facts || !der) return undefined;
    return sha256(der) === facts.sha256 ? { ...facts, der } : { ...facts, der, contentHash: '' };
  }

  private listing(partition: Partition, now: number): Listing {
    const { hierarchy, authority, municipality } = partition;
    const revoked: Listing['revoked'] = [];
    for (const [record, issuedBy] of this.cards.certificatesOf(hierarchy, authority.generation))
      if ((municipality ?? issuedBy) === issuedBy && isRevoked(record, now) && now <= record.notAfter)
        revoked.push({ serial: record.serial, ...record.revocation! });
    const synthetic = MUNICIPALITIES.filter(({ key }) => (municipality ?? key) === key).flatMap(
      ({ key }) => this.synthetic[`${hierarchy}/${authority.generation}-${key}`] ?? [],
    );
    return { revoked, synthetic: synthetic.filter(({ count, at }) => count > 0 && at <= now) };
  }
}
