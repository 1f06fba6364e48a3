import { appendAudit } from '#lib/audit';
import { fromPublicId, newRandomId, toPublicId, type IdPrefix, type Mode } from '#lib/platform';
import { CommandRefused } from './command-refused.js';
import { type OperatorContext, OperatorError } from './context.js';

function uuidOf(prefix: IdPrefix, text: string): string {
  const uuid = fromPublicId(prefix, text);
  if (uuid === undefined) throw new CommandRefused(`"${text}" is not an id of the form ${prefix}_…`);
  return uuid;
}

export interface HoldOptions {
  tenant: string;
  mode: Mode;
  /** One of the two, or neither: everything of the tenant and mode. */
  person?: string;
  verification?: string;
  reason: string;
}

/** Keeps evidence beyond its time, until the hold is lifted. */
export async function holdPlace(context: OperatorContext, options: HoldOptions): Promise<void> {
  const tenancy = { tenantId: uuidOf('ten', options.tenant), mode: options.mode };
  const personId = options.person === undefined ? null : uuidOf('per', options.person);
  const verificationId = options.verification === undefined ? null : uuidOf('ver', options.verification);
  if (personId !== null && verificationId !== null) throw new CommandRefused('name a person or a verification');
  const id = newRandomId();
  await context.dataSource.transaction(async (manager) => {
    await manager.query(
      `insert into legal_hold (tenant_id, mode, id, person_id, verification_id, reason, placed_by)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [tenancy.tenantId, tenancy.mode, id, personId, verificationId, options.reason, context.actor],
    );
    await appendAudit(manager, {
      actor: context.actor,
      action: 'legal_hold.place',
      target: `legal_hold:${id}`,
      tenancy,
      detail: { person_id: personId, verification_id: verificationId, reason: options.reason },
    });
  });
  context.out(JSON.stringify({ hold_id: toPublicId('hld', id), tenant_id: options.tenant, mode: options.mode }));
}

/** What was kept by it alone is erased from the next run on. @throws OperatorError `hold_unknown` */
export async function holdLift(context: OperatorContext, options: { id: string; reason: string }): Promise<void> {
  const id = uuidOf('hld', options.id);
  await context.dataSource.transaction(async (manager) => {
    const [lifted] = await manager.query<[{ tenant_id: string; mode: Mode }[], number]>(
      `update legal_hold set lifted_by = $2, lift_reason = $3, lifted_at = clock_timestamp()
       where id = $1 and lifted_at is null returning tenant_id, mode`,
      [id, context.actor, options.reason],
    );
    const hold = lifted[0];
    if (!hold) throw new OperatorError('hold_unknown', 'There is no such hold, or it was lifted before.');
    await appendAudit(manager, {
      actor: context.actor,
      action: 'legal_hold.lift',
      target: `legal_hold:${id}`,
      tenancy: { tenantId: hold.tenant_id, mode: hold.mode },
      detail: { reason: options.reason },
    });
  });
  context.out(JSON.stringify({ hold_id: options.id, lifted: true }));
}
