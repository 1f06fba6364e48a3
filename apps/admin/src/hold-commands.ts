import { fromPublicId, type IdPrefix, type Mode, Problem, toPublicId } from '#lib/platform';
import { CommandRefused } from './command-refused.js';
import { type OperatorContext, OperatorError } from './context.js';
import { liftHold, placeHold } from './legal-holds.js';

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

/** Keeps evidence beyond its time, until the hold is lifted. @throws OperatorError `not_found` */
export async function holdPlace(context: OperatorContext, options: HoldOptions): Promise<void> {
  const scope = {
    tenantId: uuidOf('ten', options.tenant),
    mode: options.mode,
    personId: options.person === undefined ? null : uuidOf('per', options.person),
    verificationId: options.verification === undefined ? null : uuidOf('ver', options.verification),
  };
  if (scope.personId !== null && scope.verificationId !== null)
    throw new CommandRefused('name a person or a verification');
  const { id } = await placeHold(context.dataSource, scope, options.reason, { actor: context.actor }).catch(
    (error: unknown) => {
      throw error instanceof Problem
        ? new OperatorError(error.code, 'The tenant has no such person or verification in this mode.')
        : error;
    },
  );
  context.out(JSON.stringify({ hold_id: toPublicId('hld', id), tenant_id: options.tenant, mode: options.mode }));
}

/** What was kept by it alone is erased from the next run on. @throws OperatorError `hold_unknown` */
export async function holdLift(context: OperatorContext, options: { id: string; reason: string }): Promise<void> {
  await liftHold(context.dataSource, uuidOf('hld', options.id), options.reason, { actor: context.actor }).catch(
    (error: unknown) => {
      throw error instanceof Problem
        ? new OperatorError('hold_unknown', 'There is no such hold, or it was lifted before.')
        : error;
    },
  );
  context.out(JSON.stringify({ hold_id: options.id, lifted: true }));
}
