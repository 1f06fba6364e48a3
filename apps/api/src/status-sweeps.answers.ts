import type { z } from 'zod';
import type { EstimatedCost } from '#lib/billing';
import { type Rejection, type Sweep, type SweepPreview, sweepProgress, type SweepResult } from '#lib/monitoring';
import { CONCLUSION_TEXTS, type ToldStatus } from '#lib/persons';
import { csvRow, toPublicId } from '#lib/platform';
import type { rejectionList, SweepAnswer, sweepForecast, SweepResultAnswer } from './status-sweeps.schemas.js';

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

type Lists = NonNullable<Sweep['snapshot']>['sign'];
const listsAnswer = (lists: Lists): NonNullable<SweepAnswer['snapshot']>['sign'] => ({
  lists: lists.lists,
  entries: lists.entries,
  missing: lists.missing,
  stale: lists.stale,
  oldest_this_update: isoOrNull(lists.oldestThisUpdate),
  newest_this_update: isoOrNull(lists.newestThisUpdate),
  soonest_next_update: isoOrNull(lists.soonestNextUpdate),
  sha256: lists.sha256,
});

function progressAnswer(sweep: Sweep): SweepAnswer['progress'] {
  const { perSecond, secondsLeft, endsAt } = sweepProgress(sweep);
  return {
    done: sweep.done,
    total: sweep.total ?? null,
    persons_a_second: perSecond === undefined ? null : Math.round(perSecond),
    seconds_left: secondsLeft === undefined ? null : Math.ceil(secondsLeft),
    estimated_end_at: isoOrNull(endsAt),
  };
}

export const sweepAnswer = (sweep: Sweep): SweepAnswer => ({
  id: toPublicId('swp', sweep.id),
  state: sweep.state,
  selection: sweep.selection,
  not_checked_since: isoOrNull(sweep.notCheckedSince),
  certificates: sweep.certificates,
  method: sweep.method,
  created_at: iso(sweep.createdAt),
  checked_at: isoOrNull(sweep.checkedAt),
  snapshot: sweep.snapshot
    ? {
        epoch: sweep.snapshot.epoch,
        sign: listsAnswer(sweep.snapshot.sign),
        auth: listsAnswer(sweep.snapshot.auth),
      }
    : null,
  progress: progressAnswer(sweep),
  summary: { ...sweep.summary },
  rejected: sweep.rejected,
  failure: sweep.failure ?? null,
  ended_at: isoOrNull(sweep.endedAt),
  results_erased_at: isoOrNull(sweep.resultsErasedAt),
});

export const rejectionAnswer = ({
  line,
  code,
  firstLine,
}: Rejection): z.output<typeof rejectionList>['data'][number] => ({
  line,
  code,
  first_line: firstLine ?? null,
});

const MAX_TOLD = 100;
export const forecastAnswer = (
  forecast: SweepPreview,
  cost: EstimatedCost | undefined,
): z.output<typeof sweepForecast> => ({
  persons: forecast.persons,
  certificates: forecast.certificates,
  already_counted: forecast.alreadyCounted,
  exact: forecast.exact,
  estimate: forecast.estimate
    ? {
        seconds: Math.ceil(forecast.estimate.seconds),
        persons_a_second: Number(forecast.estimate.perSecond.toPrecision(3)),
        sweeps: forecast.estimate.sweeps,
      }
    : null,
  cost: cost
    ? { is_estimate: true, contract_yen: cost.contractYen, jlis_yen: cost.jlisYen, billed_yen: cost.billedYen }
    : null,
  rejected: forecast.rejections.length,
  rejections: forecast.rejections.slice(0, MAX_TOLD).map(rejectionAnswer),
});

const toldAnswer = (told: ToldStatus | undefined): SweepResultAnswer['sign'] =>
  told
    ? {
        certificate_id: toPublicId('crt', told.certificateId),
        provenance: told.provenance,
        status: told.state === undefined || told.state === 'absent' ? null : told.state,
        reason: told.reason ?? null,
        revoked_at: isoOrNull(told.revokedAt),
        this_update: isoOrNull(told.thisUpdate),
        crl_number: told.crlNumber ?? null,
      }
    : null;

export const sweepResultAnswer = (result: SweepResult): SweepResultAnswer => ({
  person_id: toPublicId('per', result.personId),
  line: result.line ?? null,
  reference: result.reference ?? null,
  conclusion: result.conclusion,
  alive: {
    state: result.aliveAsOf === undefined ? 'not_confirmed' : 'confirmed_as_of',
    this_update: isoOrNull(result.aliveAsOf),
  },
  since: isoOrNull(result.since),
  next_step: CONCLUSION_TEXTS[result.conclusion].nextStep,
  checked_at: iso(result.checkedAt),
  sign: toldAnswer(result.sign),
  auth: toldAnswer(result.auth),
});

const OF_CERTIFICATE = ['status', 'reason', 'revoked_at', 'this_update', 'crl_number'] as const;
const KINDS = ['sign', 'auth'] as const;

export const SWEEP_CSV_COLUMNS = [
  'line',
  'reference',
  'person_id',
  'conclusion',
  'alive',
  'alive_as_of',
  'since',
  'next_step',
  'checked_at',
  ...KINDS.flatMap((kind) => OF_CERTIFICATE.map((column) => `${kind}_${column}`)),
];

export const sweepCsvRow = (result: SweepResultAnswer): string =>
  csvRow([
    result.line,
    result.reference,
    result.person_id,
    result.conclusion,
    result.alive.state,
    result.alive.this_update,
    result.since,
    result.next_step,
    result.checked_at,
    ...KINDS.flatMap((kind) => OF_CERTIFICATE.map((column) => result[kind]?.[column] ?? null)),
  ]);
