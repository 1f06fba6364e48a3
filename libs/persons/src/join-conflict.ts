/** Why recorded and answered facts cannot all be about one person. */
export const JOIN_CONFLICTS = [
  // A renewal was recorded from another certificate to this one.
  'previous_differs',
  // The certificate before it has been renewed to another one.
  'newer_differs',
  // A certificate would be older than itself.
  'cycle',
  // Sign certificates name different birth dates.
  'birth_dates_differ',
] as const;
export type JoinConflict = (typeof JOIN_CONFLICTS)[number];

/** A renewal from one certificate to the next, each by any key that names it. */
export interface Renewal {
  older: string;
  newer: string;
}

/**
 * What keeps `answered` from being true beside `recorded`. A certificate is renewed once and replaces one, so both
 * together must be chains without a fork and without an end in themselves.
 */
export function findRenewalConflict(
  recorded: readonly Renewal[],
  answered: readonly Renewal[],
): JoinConflict | undefined {
  const previous = new Map(recorded.map(({ older, newer }) => [newer, older]));
  const next = new Map(recorded.map(({ older, newer }) => [older, newer]));
  for (const { older, newer } of answered) {
    if ((previous.get(newer) ?? older) !== older) return 'previous_differs';
    if ((next.get(older) ?? newer) !== newer) return 'newer_differs';
    // From the older one back: whoever comes by the newer one there goes in a circle.
    for (let at: string | undefined = older; at !== undefined; at = previous.get(at)) if (at === newer) return 'cycle';
    previous.set(newer, older);
    next.set(older, newer);
  }
  return undefined;
}

/** Whether sign certificates of what is to be one person name more than one birth date. Absent: not known. */
export function findHolderConflict(holderHashes: readonly (Buffer | undefined)[]): JoinConflict | undefined {
  const known = holderHashes.filter((hash) => hash !== undefined);
  return known.some((hash) => !hash.equals(known[0]!)) ? 'birth_dates_differ' : undefined;
}

/** Who survives when persons turn out to be one: the one seen first, and of two at the same time the smaller id. */
export function olderOf(persons: readonly { id: string; createdAt: number }[]): string {
  const [survivor] = [...persons].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  if (survivor === undefined) throw new Error('nobody to survive');
  return survivor.id;
}
