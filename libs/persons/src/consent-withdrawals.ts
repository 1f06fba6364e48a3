import { Inject, Injectable } from '@nestjs/common';
import { Counter, type Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { JlisServices, type Withdrawal } from '#lib/jlis';
import { Clock, fromPublicId, Logger, METRICS, withTenant, type Mode } from '#lib/platform';
import { findConsentOfJlis } from './consent.js';
import { appendWithdrawal } from './consents.js';

const LIST = 'consent_withdrawals';
const ACTOR = 'system:worker';
/** Cursor before the first page. */
const BEGINNING = '0';
const PAGE = 200;
/** A turn ends after this many pages; the next goes on from there. */
const MAX_PAGES = 500;

/** `withdrawn`: news here. `known`: withdrawn before. `unknown`: no consent of ours. */
type Taken = 'withdrawn' | 'known' | 'unknown';

/**
 * Reads the withdrawals that J-LIS does not push. A page's withdrawals are durable before the cursor moves past them,
 * and each is told once: a process that is killed, or two that read the same page, miss and repeat nothing.
 */
@Injectable()
export class ConsentWithdrawals {
  private readonly taken: Counter<'mode' | 'result'>;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(JlisServices) private readonly jlis: JlisServices,
    @Inject(Logger) private readonly logger: Logger,
    @Inject(METRICS) metrics: Registry,
  ) {
    this.taken = new Counter({
      name: 'shomei_consent_withdrawals_total',
      help: 'Withdrawals of consents read from J-LIS: withdrawn (news), known, or unknown (no consent of ours)',
      labelNames: ['mode', 'result'],
      registers: [metrics],
    });
  }

  /**
   * Reads on from where the last turn ended, unless some process did so within `restMs`.
   * @returns how many withdrawals were read; undefined when it was not this process's turn.
   * @throws JlisUnavailable; what was read until then stays.
   */
  async poll(mode: Mode, restMs: number): Promise<number | undefined> {
    let cursor = await this.takeTurn(mode, restMs);
    if (cursor === undefined) return undefined;
    let read = 0;
    for (let page = 0; page < MAX_PAGES; page++) {
      const { withdrawals, next } = await this.jlis.withdrawals({
        mode,
        actor: ACTOR,
        limit: PAGE,
        ...(cursor === BEGINNING ? {} : { after: cursor }),
      });
      for (const withdrawal of withdrawals) this.taken.inc({ mode, result: await this.take(mode, withdrawal) });
      read += withdrawals.length;
      cursor = withdrawals.at(-1)?.sequence.toString() ?? cursor;
      await this.moveCursor(mode, cursor);
      if (next === undefined) break;
    }
    return read;
  }

  private async take(mode: Mode, { serviceId, consentId, withdrawnAt, sequence }: Withdrawal): Promise<Taken> {
    const tenantId = fromPublicId('ten', serviceId);
    const taken = tenantId === undefined ? 'unknown' : await this.withdraw({ tenantId, mode }, consentId, withdrawnAt);
    // Whose it could be is for an operator to find out: one registered whose row was never written, or another PF's.
    if (taken === 'unknown') this.logger.warn('consent_withdrawal_unknown', { mode, sequence, service_id: serviceId });
    return taken;
  }

  private withdraw(tenancy: { tenantId: string; mode: Mode }, jlisConsentId: string, time: string): Promise<Taken> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      const consent = await findConsentOfJlis(manager, jlisConsentId);
      if (!consent) return 'unknown';
      const isNews = await appendWithdrawal(manager, tenancy, {
        consent,
        source: 'jlis',
        withdrawnAt: Date.parse(time),
        at: this.clock.now(tenancy.mode),
        by: { actor: ACTOR },
      });
      return isNews ? 'withdrawn' : 'known';
    });
  }

  /** The cursor, when nobody has read for `restMs`; from then on it counts as read. By the system's time. */
  private async takeTurn(mode: Mode, restMs: number): Promise<string | undefined> {
    const rows: { cursor: string }[] = await this.dataSource.query(
      `insert into jlis_cursor as c (mode, list, cursor, read_at) values ($1, $2, $3, clock_timestamp())
       on conflict (mode, list) do update set read_at = excluded.read_at
         where c.read_at <= excluded.read_at - make_interval(secs => $4)
       returning cursor`,
      [mode, LIST, BEGINNING, restMs / 1000],
    );
    return rows[0]?.cursor;
  }

  /** Never back: a slower process may come later with an older page. */
  private async moveCursor(mode: Mode, cursor: string): Promise<void> {
    await this.dataSource.query(
      `update jlis_cursor set cursor = $3, read_at = clock_timestamp()
       where mode = $1 and list = $2 and cursor::bigint <= $3::bigint`,
      [mode, LIST, cursor],
    );
  }
}
