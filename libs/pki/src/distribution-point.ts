import { contextConstructed, contextPrimitive, type DerReader, TAG } from './der.js';
import { type GeneralNames, readGeneralNames } from './general-name.js';

export const DISTRIBUTION_POINT_LIMIT = 32;

/** At most one of the two. */
export interface DistributionPointName {
  fullName?: GeneralNames;
  /** nameRelativeToCRLIssuer: the content of its RelativeDistinguishedName, undecoded. */
  relativeName?: Uint8Array;
}

export interface DistributionPoint extends DistributionPointName {
  hasReasons: boolean;
  hasCrlIssuer: boolean;
}

/** Reads CRLDistributionPoints (RFC 5280 §4.2.1.13). */
export function readDistributionPoints(reader: DerReader): DistributionPoint[] {
  const points: DistributionPoint[] = [];
  const list = reader.enter(TAG.SEQUENCE);
  if (list.atEnd) list.fail('empty_list');
  while (!list.atEnd) {
    if (points.length === DISTRIBUTION_POINT_LIMIT) list.fail('too_many_elements');
    const inner = list.enter(TAG.SEQUENCE);
    const point: DistributionPoint = { hasReasons: false, hasCrlIssuer: false };
    if (inner.accept(contextConstructed(0))) readDistributionPointName(inner.inside(), point);
    point.hasReasons = inner.accept(contextPrimitive(1));
    point.hasCrlIssuer = inner.accept(contextConstructed(2));
    inner.finish();
    points.push(point);
  }
  return points;
}

/** Reads a DistributionPointName (RFC 5280 §4.2.1.13; CRLs use it too, §5.2.5); the reader stands inside the [0] tag. */
export function readDistributionPointName(reader: DerReader, into: DistributionPointName): void {
  const tag = reader.next();
  if (tag === contextConstructed(0)) into.fullName = readGeneralNames(reader.inside());
  else if (tag === contextConstructed(1)) into.relativeName = reader.content;
  else reader.fail('unexpected_tag', reader.elementStart);
  reader.finish();
}
