import { setTimeout as sleep } from 'node:timers/promises';
import { appendAudit } from '#lib/audit';
import type { CrlLayout } from '#lib/jlis';
import type { Hierarchy } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { bumpEpoch } from './anchor-store.js';
import { type OperatorContext, OperatorError } from './context.js';
import { requestPlans } from './plan-request.js';

export { importAnchor, listAnchors } from './anchor-commands.js';
export { revocationStatus } from './revocation-status.js';
export { statusAt } from './revocation-status-at.js';

const WAIT_POLL_MS = 250;

function checkUrl(url: string, name: string): string {
  if (!URL.canParse(url) || !['http:', 'https:'].includes(new URL(url).protocol))
    throw new OperatorError('url_malformed', `${name} must be an http:// or https:// URL.`);
  return url;
}

export interface SourceSetting {
  mode: Mode;
  hierarchy: Hierarchy;
  crlIndexUrl: string;
  layout: CrlLayout;
  /** Absent: the hierarchy of this mode has no OCSP. */
  ocspUrl?: string;
  /** Minute of the day in Japan of the nightly refresh; absent: as it is, 03:00 for a new source. */
  nightlyMinute?: number;
}

/** Sets where a mode gets the revocation data of a hierarchy. The worker schedules it within half a minute. */
export async function setSource(context: OperatorContext, setting: SourceSetting): Promise<void> {
  const { mode, hierarchy, layout, nightlyMinute } = setting;
  const crlIndexUrl = checkUrl(setting.crlIndexUrl, 'The CRL index');
  const ocspUrl = setting.ocspUrl === undefined ? null : checkUrl(setting.ocspUrl, 'The OCSP responder');
  if (nightlyMinute !== undefined && !(Number.isInteger(nightlyMinute) && nightlyMinute >= 0 && nightlyMinute < 1440))
    throw new OperatorError('nightly_minute_out_of_range', 'The nightly minute is 0 to 1439.');
  const changed = await context.dataSource.transaction(async (manager) => {
    const rows: unknown[] = await manager.query(
      `insert into revocation_source as s (mode, hierarchy, crl_index_url, layout, ocsp_url, nightly_minute)
       values ($1, $2, $3, $4, $5, coalesce($6, 180))
       on conflict (mode, hierarchy) do update set crl_index_url = excluded.crl_index_url, layout = excluded.layout,
         ocsp_url = excluded.ocsp_url, nightly_minute = coalesce($6, s.nightly_minute), enabled = true
       where (s.crl_index_url, s.layout, s.ocsp_url, s.nightly_minute, s.enabled) is distinct from
         (excluded.crl_index_url, excluded.layout, excluded.ocsp_url, coalesce($6, s.nightly_minute), true)
       returning 1`,
      [mode, hierarchy, crlIndexUrl, layout, ocspUrl, nightlyMinute ?? null],
    );
    if (rows.length === 0) return false;
    await appendAudit(manager, {
      actor: context.actor,
      action: 'revocation_source.set',
      target: `revocation_source:${mode}-${hierarchy}`,
      detail: { crl_index_url: crlIndexUrl, layout, ocsp_url: ocspUrl, nightly_minute: nightlyMinute ?? null },
    });
    await bumpEpoch(manager, mode);
    return true;
  });
  context.out(`source ${changed ? 'set' : 'unchanged'}: ${mode} ${hierarchy} ${layout} ${crlIndexUrl}`);
}

export interface RefreshRequest {
  mode: Mode;
  /** Absent: both. */
  hierarchy?: Hierarchy;
  /** Whether to wait until every partition has had an attempt that began after the request. */
  wait: boolean;
  timeoutMs: number;
}

/**
 * Asks the worker to fetch the lists now.
 * @throws OperatorError `no_source`, `redis_unavailable`, `refresh_timeout`, or `refresh_failed` after listing the failures.
 */
export async function refresh(context: OperatorContext, request: RefreshRequest): Promise<void> {
  const { mode, hierarchy = null } = request;
  const sources: { hierarchy: Hierarchy; now: string }[] = await context.dataSource.query(
    `select hierarchy, clock_timestamp()::text as now from revocation_source
     where mode = $1 and enabled and ($2::text is null or hierarchy = $2)`,
    [mode, hierarchy],
  );
  const since = sources[0]?.now;
  if (since === undefined) throw new OperatorError('no_source', `No revocation source is set for mode ${mode}.`);
  await appendAudit(context.dataSource, {
    actor: context.actor,
    action: 'revocation.request_refresh',
    target: `revocation_source:${mode}`,
    detail: { hierarchies: sources.map((source) => source.hierarchy) },
  });
  await requestPlans(
    context.redisUrl,
    sources.map((source) => ({ mode, hierarchy: source.hierarchy })),
  );
  if (!request.wait) {
    context.out(`refresh requested: ${mode} ${sources.map((source) => source.hierarchy).join(', ')}`);
    return;
  }
  const deadline = performance.now() + request.timeoutMs;
  let attempts = await readAttempts(context, mode, hierarchy, since);
  while (attempts.some(({ done }) => !done)) {
    if (performance.now() > deadline) {
      const open = attempts.filter(({ done }) => !done).map(({ name }) => name);
      throw new OperatorError(
        'refresh_timeout',
        `No attempt was made within ${request.timeoutMs} ms for: ${open.slice(0, 10).join(', ')}. Is the worker running?`,
      );
    }
    await sleep(WAIT_POLL_MS);
    attempts = await readAttempts(context, mode, hierarchy, since);
  }
  const failed = attempts.flatMap(({ name, failure }) => (failure === null ? [] : [{ name, failure }]));
  const succeeded = attempts.filter(({ kind, failure }) => kind === 'partition' && failure === null).length;
  for (const { name, failure } of failed) context.out(`failed: ${name}: ${failure}`);
  context.out(`refreshed: ${succeeded} partitions, ${failed.length} failures`);
  if (failed.length > 0)
    throw new OperatorError('refresh_failed', `${failed.length} fetches failed; the worker retries.`);
}

interface Attempt {
  kind: 'index' | 'partition';
  name: string;
  done: boolean;
  failure: string | null;
}

/** Where each index, and each partition that its index named since, stands. */
function readAttempts(
  context: OperatorContext,
  mode: Mode,
  hierarchy: Hierarchy | null,
  since: string,
): Promise<Attempt[]> {
  return context.dataSource.query(
    `select 'index' as kind, 'index of ' || s.hierarchy as name,
       coalesce(s.last_attempt_at >= $3::timestamptz, false) as done, s.last_failure as failure
     from revocation_source s
     where s.mode = $1 and s.enabled and ($2::text is null or s.hierarchy = $2)
     union all
     select 'partition', p.hierarchy || ' ' || p.name,
       coalesce(p.last_attempt_at >= $3::timestamptz, false), p.last_failure
     from crl_partition p
     join revocation_source s on s.mode = p.mode and s.hierarchy = p.hierarchy and s.last_listed_at = p.listed_at
     where p.mode = $1 and s.enabled and ($2::text is null or p.hierarchy = $2)
       and s.last_listed_at >= $3::timestamptz
     order by 1, 2`,
    [mode, hierarchy, since],
  );
}
