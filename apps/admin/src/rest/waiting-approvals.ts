import type { DataSource } from 'typeorm';
import type { z } from 'zod';
import type { Approval, Approvals, OperatorAccounts, OperatorSession } from '#lib/operators';
import { toPublicId } from '#lib/platform';
import { mayApprove, operatorNames } from './approval-answer.js';
import { publicActor } from './contract.js';
import type { waitingApprovals } from './schemas.js';

/** Rows of what is only the beginning of a list. */
const SHOWN = 6;
/** Proposals that can be open at once are tens. */
const MOST = 1_000;

/** `tenant:<uuid>`, `price_plan:<uuid>:live:2026-04-01`, `invoice_terms:…`. */
const tenantOf = ({ subject }: Approval): string | undefined =>
  /^(?:tenant|price_plan|invoice_terms):([0-9a-f-]{36})(?::|$)/.exec(subject)?.[1];

/** How many proposals wait for a second person, how many of them for this one, and those that expire first. */
export async function waitingAnswer(
  dataSource: DataSource,
  approvals: Approvals,
  accounts: OperatorAccounts,
  session: OperatorSession,
): Promise<z.output<typeof waitingApprovals>> {
  const open = await approvals.list({ state: 'proposed', limit: MOST });
  open.sort((one, other) => one.expiresAt.getTime() - other.expiresAt.getTime());
  const shown = open.slice(0, SHOWN);
  const names = await operatorNames(accounts);
  const tenants: { id: string; name: string }[] = await dataSource.query(
    'select id, name from tenant where id = any($1::uuid[])',
    [shown.flatMap((approval) => tenantOf(approval) ?? [])],
  );
  const tenantNames = new Map(tenants.map(({ id, name }) => [id, name]));
  return {
    count: open.length,
    decidable: open.filter((approval) => mayApprove(approval, session)).length,
    soonest: shown.map((approval) => ({
      id: toPublicId('apr', approval.id),
      kind: approval.kind,
      subject: publicActor(approval.subject),
      tenant_name: tenantNames.get(tenantOf(approval) ?? '') ?? null,
      proposed_by: names.get(approval.proposedBy) ?? null,
      expires_at: approval.expiresAt.toISOString(),
    })),
  };
}
