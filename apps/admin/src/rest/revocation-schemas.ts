import { z } from 'zod';
import { CRL_REASONS, type CrlReason } from '#lib/pki';
import { CHANGE_KINDS, PARTITION_KEYS, PARTITION_STATES } from '#lib/revocation';
import { mode, reason, sortBy, text, time } from './schemas.js';

export const hierarchy = z.enum(['sign', 'auth']);

const source = z
  .object({
    hierarchy,
    crl_index_url: z.string(),
    ocsp_url: z.string().nullable(),
    layout: z.enum(['full', 'partitioned']),
    enabled: z.boolean(),
    nightly_minute: z.number().meta({ description: 'Minute of the day in Japan at which the lists are fetched.' }),
    next_due_at: time,
    last_attempt_at: time.nullable(),
    last_listed_at: time.nullable(),
    skipped: z.number(),
    failures: z.number(),
    last_failure: z.string().nullable(),
  })
  .meta({ id: 'RevocationSource' });

export const freshness = z
  .object({
    hierarchy,
    generation: z.string(),
    partitions: z.number(),
    entries: z.number(),
    missing: z.number(),
    failing: z.number(),
    stale: z.number(),
    late: z.number(),
    oldest_success_at: time.nullable(),
    soonest_next_update: time.nullable(),
    run: z.object({
      started_at: time,
      done: z.number(),
      failed: z.number(),
      total: z.number(),
      partitions_a_second: z.number().nullable(),
      seconds_taken: z.number(),
      seconds_left: z.number().nullable(),
    }),
  })
  .meta({ id: 'RevocationFreshness' });

export const revocationAnswer = z
  .object({
    mode,
    now: time.meta({ description: 'The clock of the mode.' }),
    sources: z.array(source),
    freshness: z.array(freshness),
  })
  .meta({ id: 'Revocation' });
export type RevocationAnswer = z.output<typeof revocationAnswer>;

const crlReason = z.enum(CRL_REASONS.filter((each): each is CrlReason => each !== undefined));
export const revocationHistory = z
  .object({
    months: z
      .array(
        z.object({
          month: z.string(),
          hierarchy,
          entries: z.number(),
          lists: z.number().meta({ description: 'In which they stand.' }),
        }),
      )
      .meta({ description: 'Entries when each month of Japan ended; of the month that runs, now. The oldest first.' }),
    last_changes: z
      .array(
        z.object({
          hierarchy,
          newest_at: time.meta({ description: 'When the newest of the lists in force was accepted.' }),
          whole_lists: z.number().meta({
            description:
              'Lists without one before them, or kept as a whole: what they changed is not among the changes.',
          }),
          changes: z.array(z.object({ kind: z.enum(CHANGE_KINDS), reason: crlReason, count: z.number() })),
        }),
      )
      .meta({ description: 'What the lists in force changed against those before them.' }),
  })
  .meta({ id: 'RevocationHistory' });

export const partitionsQuery = z.strictObject({
  hierarchy: hierarchy.optional(),
  state: z.enum(PARTITION_STATES).optional(),
  name: text(200).optional().meta({ description: 'Part of the name.' }),
  sort: sortBy(...PARTITION_KEYS).meta({
    description:
      'By default `next_update`: without a list first, then the nearest end. With a minus before it: descending.',
  }),
  cursor: z.string().max(2_000).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
export type PartitionsQuery = z.output<typeof partitionsQuery>;
export const partitionList = z
  .object({
    data: z.array(
      z
        .object({
          hierarchy,
          name: z.string(),
          generation: z.string(),
          states: z.array(z.enum(PARTITION_STATES)),
          crl_number: z.string().nullable(),
          this_update: time.nullable(),
          next_update: time.nullable(),
          entries: z.number(),
          last_attempt_at: time.nullable(),
          last_success_at: time.nullable(),
          failures: z.number(),
          last_failure: z.string().nullable(),
        })
        .meta({ id: 'RevocationPartition' }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'RevocationPartitionList' });

export const refreshRequest = z
  .strictObject({ hierarchy: hierarchy.optional() })
  .optional()
  .meta({ id: 'RefreshRequest' });
export const refreshAnswer = z.object({ requested: z.array(hierarchy) }).meta({ id: 'RefreshRequested' });

export const anchorQuery = z.strictObject({ mode: mode.optional() });
export const anchorList = z
  .object({
    data: z.array(
      z
        .object({
          mode,
          hierarchy,
          generation: z.string(),
          fingerprint: z.string(),
          subject: z.string(),
          not_before: time,
          not_after: time,
          imported_by: z.string(),
          imported_at: time,
          approval_id: z.string().nullable(),
        })
        .meta({ id: 'TrustAnchor' }),
    ),
  })
  .meta({ id: 'TrustAnchorList' });
export const anchorProposal = z
  .strictObject({
    hierarchy,
    certificate: z.base64().min(1).max(22_000).meta({ description: 'The root in DER, base64.' }),
    fingerprint: z
      .string()
      .max(200)
      .meta({ description: 'SHA-256 of the DER from a source other than the file; colons and spaces are ignored.' }),
    reason,
  })
  .meta({ id: 'AnchorProposal' });
export type AnchorProposalBody = z.output<typeof anchorProposal>;
