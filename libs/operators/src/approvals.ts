import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit, type Origin } from '#lib/audit';
import { newId, Problem } from '#lib/platform';
import type { OperatorSession } from './session.js';

/** How long a proposal waits for its second person. */
export const APPROVAL_DAYS = 7;

export const APPROVAL_STATES = ['proposed', 'approved', 'executed', 'refused', 'expired'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** A change that needs two people: what, of which thing, from what to what, and who said so. */
export interface Approval {
  id: string;
  kind: string;
  /** `<noun>:<id>` */
  subject: string;
  before: unknown;
  after: unknown;
  /** Hex; an approver sends back what was looked at. */
  payloadSha256: string;
  reason: string;
  state: ApprovalState;
  proposedBy: string;
  proposedAt: Date;
  expiresAt: Date;
  decidedBy?: string;
  decidedAt?: Date;
  note?: string;
  executedAt?: Date;
}

export interface Proposal {
  kind: string;
  subject: string;
  /** What is there now; null for a thing that is not there yet. */
  before: Record<string, unknown> | null;
  after: Record<string, unknown>;
  reason: string;
}

/** Who acts is the session's token, which the database knows; it is not taken from the caller's word. */
export type Actor = Pick<OperatorSession, 'operatorId' | 'tokenSha256'>;

interface Row {
  id: string;
  kind: string;
  subject: string;
  before: unknown;
  after: unknown;
  payload_sha256: string;
  reason: string;
  state: ApprovalState;
  proposed_by: string;
  proposed_at: Date;
  expires_at: Date;
  decided_by: string | null;
  decided_at: Date | null;
  note: string | null;
  executed_at: Date | null;
}

const SELECT = `select id, kind, subject, before, after, encode(payload_sha256, 'hex') as payload_sha256, reason,
  case when state in ('proposed', 'approved') and expires_at <= clock_timestamp() then 'expired' else state end as state,
  proposed_by, proposed_at, expires_at, decided_by, decided_at, note, executed_at from approval`;

const REFUSALS = {
  session_invalid: 'session_missing',
  proposal_open: 'proposal_open',
  approval_unknown: 'not_found',
  approval_not_open: 'approval_not_open',
  approval_expired: 'approval_expired',
  approval_changed: 'approval_changed',
  approval_own: 'approval_own',
  approval_about_oneself: 'approval_about_oneself',
} as const;
type Refusal = keyof typeof REFUSALS;

/** Decisions of two people. The rules are the database's; here they become answers and audit events. */
@Injectable()
export class Approvals {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** @throws Problem `proposal_open`, `session_missing`. */
  async propose(actor: Actor, proposal: Proposal, origin: Origin, now: number): Promise<Approval> {
    const id = newId(now);
    const { kind, subject } = proposal;
    const refusal = await this.dataSource.transaction(async (manager) => {
      const rows: { refusal: Refusal | null }[] = await manager.query(
        `select propose_approval($1, $2, $3, $4, $5, $6, $7, make_interval(days => $8)) as refusal`,
        [
          actor.tokenSha256,
          id,
          kind,
          subject,
          proposal.before === null ? null : JSON.stringify(proposal.before),
          JSON.stringify(proposal.after),
          proposal.reason,
          APPROVAL_DAYS,
        ],
      );
      const code = rows[0]!.refusal;
      await this.audit(manager, actor, code === null ? 'approval.propose' : 'approval.propose_refused', id, origin, {
        kind,
        subject,
        reason: proposal.reason,
        ...(code === null ? { before: proposal.before, after: auditable(proposal.after) } : { code }),
      });
      return code;
    });
    if (refusal !== null) throw new Problem(REFUSALS[refusal]);
    return this.get(id);
  }

  /**
   * The second person's yes, and the change itself, in one transaction: what cannot be carried out is not approved either.
   * @param seenSha256 of the proposal that was looked at
   * @param execute writes the row with the approval's id; its Problem undoes the approval
   * @throws Problem as the rules say; each refusal is an audit event.
   */
  async approve(
    actor: Actor,
    decision: { id: string; seenSha256: Buffer; note?: string },
    origin: Origin,
    execute: (manager: EntityManager, approval: Approval) => Promise<void>,
  ): Promise<Approval> {
    const { id } = decision;
    try {
      const refusal = await this.dataSource.transaction(async (manager) => {
        const code = await this.decide(manager, actor, { ...decision, approves: true });
        if (code !== null) return code;
        await this.audit(manager, actor, 'approval.approve', id, origin, await this.facts(manager, id));
        const executed: { refusal: Refusal | null }[] = await manager.query('select execute_approval($1) as refusal', [
          id,
        ]);
        const stopped = executed[0]!.refusal;
        if (stopped !== null) throw new Problem(REFUSALS[stopped]);
        await execute(manager, await this.get(id, manager));
        await this.audit(manager, actor, 'approval.execute', id, origin, await this.facts(manager, id));
        return null;
      });
      if (refusal !== null) throw new Problem(REFUSALS[refusal]);
    } catch (error) {
      if (error instanceof Problem)
        await this.audit(this.dataSource, actor, 'approval.approve_refused', id, origin, { code: error.code });
      throw error;
    }
    return this.get(id);
  }

  /** Refuses a proposal, or withdraws one's own. @throws Problem as the rules say. */
  async refuse(actor: Actor, decision: { id: string; note?: string }, origin: Origin): Promise<Approval> {
    const refusal = await this.dataSource.transaction(async (manager) => {
      const code = await this.decide(manager, actor, { ...decision, approves: false });
      await this.audit(
        manager,
        actor,
        code === null ? 'approval.refuse' : 'approval.refuse_refused',
        decision.id,
        origin,
        {
          ...(await this.facts(manager, decision.id)),
          ...(code === null ? {} : { code }),
        },
      );
      return code;
    });
    if (refusal !== null) throw new Problem(REFUSALS[refusal]);
    return this.get(decision.id);
  }

  /** @throws Problem `not_found`. */
  async get(id: string, manager: EntityManager | DataSource = this.dataSource): Promise<Approval> {
    const rows: Row[] = await manager.query(`${SELECT} where id = $1`, [id]);
    if (!rows[0]) throw new Problem('not_found');
    return toApproval(rows[0]);
  }

  /** Newest first. */
  async list(filter: { state?: ApprovalState; kind?: string; after?: string; limit: number }): Promise<Approval[]> {
    const rows: Row[] = await this.dataSource.query(
      `select * from (${SELECT}) as a where ($1::text is null or state = $1) and ($2::text is null or kind = $2)
         and ($3::uuid is null or id < $3) order by id desc limit $4`,
      [filter.state ?? null, filter.kind ?? null, filter.after ?? null, filter.limit],
    );
    return rows.map(toApproval);
  }

  private async decide(
    manager: EntityManager,
    { tokenSha256 }: Actor,
    { id, approves, seenSha256, note }: { id: string; approves: boolean; seenSha256?: Buffer; note?: string },
  ): Promise<Refusal | null> {
    const rows: { refusal: Refusal | null }[] = await manager.query(
      'select decide_approval($1, $2, $3, $4, $5) as refusal',
      [tokenSha256, id, approves, seenSha256 ?? null, note ?? null],
    );
    return rows[0]!.refusal;
  }

  private async facts(manager: EntityManager, id: string): Promise<Record<string, unknown>> {
    const rows: Row[] = await manager.query(`${SELECT} where id = $1`, [id]);
    const row = rows[0];
    return row ? { kind: row.kind, subject: row.subject, state: row.state } : {};
  }

  private audit(
    manager: EntityManager | DataSource,
    { operatorId }: Actor,
    action: string,
    id: string,
    origin: Origin,
    detail: Record<string, unknown>,
  ): Promise<void> {
    return appendAudit(manager, {
      actor: `operator:${operatorId}`,
      action,
      target: `approval:${id}`,
      detail,
      ...origin,
    });
  }
}

/** Long values, such as a certificate, stay in the approval; the trail has the subject to find it by. */
const auditable = (after: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(after).filter(([, value]) => typeof value !== 'string' || value.length <= 200));

const toApproval = (row: Row): Approval => ({
  id: row.id,
  kind: row.kind,
  subject: row.subject,
  before: row.before,
  after: row.after,
  payloadSha256: row.payload_sha256,
  reason: row.reason,
  state: row.state,
  proposedBy: row.proposed_by,
  proposedAt: row.proposed_at,
  expiresAt: row.expires_at,
  ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }),
  ...(row.decided_at === null ? {} : { decidedAt: row.decided_at }),
  ...(row.note === null ? {} : { note: row.note }),
  ...(row.executed_at === null ? {} : { executedAt: row.executed_at }),
});
