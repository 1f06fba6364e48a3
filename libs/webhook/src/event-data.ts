import { toPublicId } from '#lib/platform';
import type { EventData } from './append-event.js';

const PREFIXES = {
  person_id: 'per',
  merged_person_id: 'per',
  certificate_id: 'crt',
  serial_linkage_id: 'lnk',
  consent_id: 'cns',
  status_sweep_id: 'swp',
  webhook_endpoint_id: 'whe',
} as const satisfies Record<keyof EventData, string>;
const MEMBERS = Object.keys(PREFIXES) as (keyof EventData)[];

/** An event's data with public ids. Members that are not named here are not told. */
export const publicEventData = (data: EventData): EventData =>
  Object.fromEntries(
    MEMBERS.flatMap((member) => {
      const id = data[member];
      return id === undefined ? [] : [[member, toPublicId(PREFIXES[member], id)]];
    }),
  );
