import type { EntityManager } from 'typeorm';
import { type Call, claimKey, type Resource, type Tenancy } from '#lib/platform';

/** The same request was answered meanwhile, by another process; never leaves this file. */
class LostRace extends Error {}

/**
 * Binds what the transaction makes to the call's Idempotency-Key. When the key is taken, the whole transaction is undone
 * and {@link unlessClaimed} gives undefined.
 */
export async function claimOrLose(
  manager: EntityManager,
  tenancy: Tenancy,
  { idempotency }: Call,
  made: { resource: Resource; id: string },
): Promise<void> {
  if (idempotency && !(await claimKey(manager, tenancy, idempotency, made))) throw new LostRace();
}

/** The outcome of a transaction with {@link claimOrLose}, or undefined when an equal request has won. */
export async function unlessClaimed<T>(transaction: Promise<T>): Promise<T | undefined> {
  try {
    return await transaction;
  } catch (error) {
    if (error instanceof LostRace) return undefined;
    throw error;
  }
}
