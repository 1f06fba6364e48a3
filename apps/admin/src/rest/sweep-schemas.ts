import { z } from 'zod';
import { SWEEP_METHODS, SWEEP_SELECTIONS, SWEEP_STATES } from '#lib/monitoring';
import { ASKED_KINDS } from '#lib/persons';
import { cursor, id, limit, mode, sortBy, time } from './schemas.js';

export const sweepQuery = z.strictObject({
  tenant_id: id.optional(),
  mode: mode.optional(),
  state: z.enum(SWEEP_STATES).optional(),
  sort: sortBy('created_at'),
  cursor,
  limit,
});

const lists = z
  .object({
    lists: z.number(),
    entries: z.number(),
    missing: z.number(),
    stale: z.number(),
    oldest_this_update: time.nullable(),
    newest_this_update: time.nullable(),
    sha256: z.string(),
  })
  .meta({ id: 'SweptLists' });

export const foundSweep = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    mode,
    state: z.enum(SWEEP_STATES),
    selection: z.enum(SWEEP_SELECTIONS),
    certificates: z.enum(ASKED_KINDS),
    method: z.enum(SWEEP_METHODS),
    created_at: time.meta({ description: 'By the clock of the mode, as checked_at; the others are real time.' }),
    checked_at: time.nullable(),
    began_at: time.nullable(),
    ended_at: time.nullable(),
    results_erased_at: time.nullable(),
    snapshot: z.object({ epoch: z.string(), sign: lists, auth: lists }).nullable(),
    done: z.number(),
    total: z.number().nullable(),
    persons_a_second: z.number().nullable(),
    seconds_left: z.number().nullable(),
    summary: z.record(z.string(), z.number()).meta({ description: 'How many persons by conclusion, so far.' }),
    rejected: z.number(),
    failure: z.string().nullable(),
  })
  .meta({ id: 'FoundSweep' });
export const foundSweepList = z
  .object({ data: z.array(foundSweep), next_cursor: z.string().nullable() })
  .meta({ id: 'FoundSweepList' });
