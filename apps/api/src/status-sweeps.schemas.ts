import { z } from 'zod';
import { FILE_ENCODINGS, SWEEP_METHODS, SWEEP_SELECTIONS, SWEEP_STATES } from '#lib/monitoring';
import { ASKED_KINDS, CONCLUSIONS, NEXT_STEPS } from '#lib/persons';
import { CRL_REASONS } from '#lib/pki';
import { fromPublicId } from '#lib/platform';

/** As many as a body of two megabytes holds several times over; more go in a file. */
const MAX_PERSONS = 10_000;

const time = z.iso.datetime();
const personId = z.string().refine((id) => fromPublicId('per', id) !== undefined, 'must be an id of the form per_…');
const certificates = z.enum(ASKED_KINDS).meta({
  description: 'What is asked about. `auth` alone tells whether a person is alive; `both` also what has changed.',
});
const method = z.enum(SWEEP_METHODS).meta({
  description:
    '`crl`: all from the lists in force when the sweep begins. `ocsp`: each certificate by itself, slowly, with a time of its own.',
});
const onBadRows = z.enum(['refuse', 'skip']).meta({
  description:
    'What becomes of the request when lines of it stand for nobody: refused with all of them named, or without them.',
});

export const sweepRequest = z
  .strictObject({
    selection: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('all') }),
      z.strictObject({ kind: z.literal('not_checked_since'), since: z.iso.datetime({ offset: true }) }),
      z.strictObject({ kind: z.literal('persons'), person_ids: z.array(personId).min(1).max(MAX_PERSONS) }),
    ]),
    certificates,
    method: method.default('crl'),
    on_bad_rows: onBadRows.default('refuse'),
    dry_run: z.boolean().default(false).meta({ description: 'Only count what would be asked; nothing is made.' }),
  })
  .meta({ id: 'StatusSweepRequest' });
export type SweepRequestBody = z.output<typeof sweepRequest>;

/** Without an id: a named schema would not be told apart into query parameters in the API's description. */
export const sweepFileQuery = z.strictObject({
  certificates,
  method: method.default('crl'),
  encoding: z.enum(FILE_ENCODINGS).default('utf-8'),
  on_bad_rows: onBadRows.default('refuse'),
  dry_run: z.enum(['true', 'false']).default('false'),
});
export type SweepFileQuery = z.output<typeof sweepFileQuery>;

const byKind = z.object({ sign: z.number(), auth: z.number() });
const rejection = z
  .object({
    line: z.number().meta({ description: 'Of the file, its header being 1; or the place in `person_ids`, from 1.' }),
    code: z.string(),
    first_line: z.number().nullable().meta({ description: 'The line that stands for the same.' }),
  })
  .meta({ id: 'StatusSweepRejection' });
export const rejectionList = z
  .object({ data: z.array(rejection), next_cursor: z.string().nullable() })
  .meta({ id: 'StatusSweepRejectionList' });
export const rejectionListQuery = z.strictObject({
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export const sweepForecast = z
  .object({
    persons: z.number(),
    certificates: byKind.meta({ description: 'That would be asked about: known, and not past their end.' }),
    already_counted: byKind.meta({
      description:
        'Persons whose certificate of the kind was checked by list in this year of J-LIS’s tariff already. A status check counts once a year.',
    }),
    exact: z.boolean().meta({
      description:
        'False of more than 50,000 persons: then the certificates, those already counted, and of `not_checked_since` the persons are reckoned from about 50,000 of them.',
    }),
    estimate: z
      .object({
        seconds: z.number().meta({ description: 'From its beginning to its end.' }),
        persons_a_second: z.number(),
        sweeps: z.number().meta({ description: 'How many sweeps it rests on.' }),
      })
      .nullable()
      .meta({
        description:
          'By your own completed sweeps of the last 90 days that asked for the same certificates by the same method about at least a tenth as many persons. Null: there is none, and a guess would be worse than nothing.',
      }),
    cost: z
      .object({
        is_estimate: z.literal(true),
        contract_yen: z.number().meta({ description: 'By the own prices of the contract.' }),
        jlis_yen: z.number().meta({ description: 'Fees of J-LIS, charged on or not.' }),
        billed_yen: z.number().meta({ description: 'What of both is charged.' }),
      })
      .nullable()
      .meta({
        description:
          'What the month would come to beyond what it comes to now, without tax, if every certificate is answered for. Where a window of your contract counts a person once it may be less. Null: something has no fee yet, or the key lacks `billing:read`.',
      }),
    rejected: z.number(),
    rejections: z.array(rejection).meta({ description: 'The first hundred.' }),
  })
  .meta({ id: 'StatusSweepForecast' });

const lists = z
  .object({
    lists: z.number(),
    entries: z.number(),
    missing: z.number().meta({ description: 'Parts of the hierarchy whose list was never had.' }),
    stale: z
      .number()
      .meta({ description: 'Lists past their nextUpdate: what they cover is `undetermined` and not charged.' }),
    oldest_this_update: time.nullable(),
    newest_this_update: time.nullable(),
    soonest_next_update: time.nullable(),
    sha256: z.string().meta({ description: 'Over the hashes of all these lists: equal exactly when they are.' }),
  })
  .meta({ id: 'StatusSweepLists' });

export const sweep = z
  .object({
    id: z.string(),
    state: z.enum(SWEEP_STATES),
    selection: z.enum(SWEEP_SELECTIONS),
    not_checked_since: time.nullable(),
    certificates: z.enum(ASKED_KINDS),
    method: z.enum(SWEEP_METHODS),
    created_at: time.meta({ description: 'By the clock of the mode; test time can be moved.' }),
    checked_at: time
      .nullable()
      .meta({ description: 'As of when all lists are asked, by the clock of the mode; null until it begins.' }),
    snapshot: z
      .object({ epoch: z.string(), sign: lists, auth: lists })
      .nullable()
      .meta({ description: 'The lists that all of it rests on, however many are accepted meanwhile.' }),
    progress: z
      .object({
        done: z.number(),
        total: z.number().nullable(),
        persons_a_second: z.number().nullable(),
        seconds_left: z.number().nullable(),
        estimated_end_at: time.nullable().meta({ description: 'Real time.' }),
      })
      .meta({ id: 'StatusSweepProgress' }),
    summary: z.record(z.string(), z.number()).meta({ description: 'How many persons by conclusion, so far.' }),
    rejected: z.number().meta({ description: 'Lines of the request that stand for nobody.' }),
    failure: z.string().nullable(),
    ended_at: time.nullable().meta({ description: 'Real time.' }),
    results_erased_at: time.nullable().meta({
      description: 'Real time since when what it found about persons is kept no more; the summary stays.',
    }),
  })
  .meta({ id: 'StatusSweep' });
export type SweepAnswer = z.output<typeof sweep>;
export const sweepList = z
  .object({ data: z.array(sweep), next_cursor: z.string().nullable() })
  .meta({ id: 'StatusSweepList' });
export const sweepListQuery = z.strictObject({
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

const told = z
  .object({
    certificate_id: z.string(),
    provenance: z.enum(['presented', 'linked', 'counterpart']),
    status: z
      .enum(['good', 'revoked', 'expired', 'unknown'])
      .nullable()
      .meta({ description: 'Null where it may not be told; see docs/api/persons.md.' }),
    reason: z.enum(CRL_REASONS.filter((name) => name !== undefined)).nullable(),
    revoked_at: time.nullable(),
    this_update: time.nullable(),
    crl_number: z.string().nullable(),
  })
  .meta({ id: 'SweptCertificate' });
export const sweepResult = z
  .object({
    person_id: z.string(),
    line: z.number().nullable(),
    reference: z.string().nullable().meta({ description: 'As in the uploaded file.' }),
    conclusion: z.enum(CONCLUSIONS),
    alive: z.object({ state: z.enum(['confirmed_as_of', 'not_confirmed']), this_update: time.nullable() }),
    since: time.nullable().meta({ description: 'When the last of the certificates that may be told of was revoked.' }),
    next_step: z.enum(NEXT_STEPS),
    checked_at: time,
    sign: told.nullable(),
    auth: told.nullable(),
  })
  .meta({ id: 'StatusSweepResult' });
export type SweepResultAnswer = z.output<typeof sweepResult>;
export const sweepResultList = z
  .object({ data: z.array(sweepResult), next_cursor: z.string().nullable() })
  .meta({ id: 'StatusSweepResultList' });
export const sweepResultListQuery = z.strictObject({
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  conclusion: z.enum(CONCLUSIONS).optional(),
});
export const sweepResultCsvQuery = z.strictObject({
  encoding: z.enum(FILE_ENCODINGS).default('utf-8'),
  conclusion: z.enum(CONCLUSIONS).optional(),
});
