import type { EntityManager } from 'typeorm';
import { type Acting, appendAudit } from '#lib/audit';
import type { Hierarchy, TrustAnchor } from '#lib/pki';
import type { Approval, Proposal } from '#lib/operators';
import { Problem, type Mode } from '#lib/platform';
import { judgeAnchorImport } from '#lib/revocation';

export interface JudgedAnchor {
  anchor: TrustAnchor;
  /** Year from which the authority issues with this key. */
  generation: string;
}

export const LIVE_ANCHOR = 'live_anchor';

/** What a second person is asked before live trusts a root: the root itself, so that nothing else can be written. */
export const liveAnchorProposal = ({ anchor, generation }: JudgedAnchor): Omit<Proposal, 'reason'> => ({
  kind: LIVE_ANCHOR,
  subject: `trust_anchor:${anchor.fingerprint}`,
  before: null,
  after: {
    hierarchy: anchor.hierarchy,
    generation,
    certificate: Buffer.from(anchor.certificate.raw).toString('base64'),
  },
});

/** Tells readers that poll the epoch of `mode` that anchors or sources have changed. */
export async function bumpEpoch(manager: EntityManager, mode: Mode): Promise<void> {
  await manager.query('update revocation_epoch set epoch = epoch + 1 where mode = $1', [mode]);
}

export async function isTrusted(
  manager: Pick<EntityManager, 'query'>,
  mode: Mode,
  fingerprint: string,
): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    `select 1 from trust_anchor where mode = $1 and fingerprint = decode($2, 'hex')`,
    [mode, fingerprint],
  );
  return rows.length > 0;
}

/**
 * Makes a mode trust a root. The database lets live have it only with an executed approval for just this root.
 * @returns false when the mode trusts it already.
 */
export async function storeAnchor(
  manager: EntityManager,
  { anchor, generation }: JudgedAnchor,
  { mode, approvalId, ...acting }: Acting & { mode: Mode; approvalId?: string },
): Promise<boolean> {
  const { certificate, fingerprint, hierarchy } = anchor;
  if (await isTrusted(manager, mode, fingerprint)) return false;
  const rows: unknown[] = await manager.query(
    `insert into trust_anchor (mode, fingerprint, hierarchy, generation, certificate, imported_by, approval_id)
     values ($1, decode($2, 'hex'), $3, $4, $5, $6, $7) on conflict (mode, fingerprint) do nothing returning 1`,
    [mode, fingerprint, hierarchy, generation, certificate.raw, acting.actor, approvalId ?? null],
  );
  if (rows.length === 0) return false;
  await appendAudit(manager, {
    ...acting,
    action: 'trust_anchor.import',
    target: `trust_anchor:${fingerprint}`,
    detail: { mode, hierarchy, generation, ...(approvalId === undefined ? {} : { approval: approvalId }) },
  });
  await bumpEpoch(manager, mode);
  return true;
}

/**
 * Carries out an approved proposal. The root is judged again: rules may have become stricter since it was proposed.
 * @throws Problem `approval_stale` when live trusts it already, `anchor_refused` with `rule`.
 */
export async function importApprovedAnchor(manager: EntityManager, approval: Approval, acting: Acting): Promise<void> {
  const { hierarchy, certificate } = approval.after as { hierarchy: Hierarchy; certificate: string };
  const judged = judgeAnchorImport(Buffer.from(certificate, 'base64'), 'live', hierarchy);
  if ('refusal' in judged) throw new Problem('anchor_refused', { rule: judged.refusal.code });
  if (!(await storeAnchor(manager, judged, { mode: 'live', approvalId: approval.id, ...acting })))
    throw new Problem('approval_stale');
}
