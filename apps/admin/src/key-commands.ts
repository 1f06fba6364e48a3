import { appendAudit } from '#lib/audit';
import { resealTotp } from '#lib/operators';
import { fromPublicId, type KeyRing, type Mode, rewrapKey } from '#lib/platform';
import { resealContacts, resealFile } from '#lib/tenancy';
import { CommandRefused } from './command-refused.js';
import { type OperatorContext, OperatorError } from './context.js';
import { asOperator } from './operator-commands.js';

/** A thing that is sealed under a key of the ring, in one or more parts. */
interface SealedThing {
  /** Absent: of no tenant. */
  tenantId: string | null;
  id: string;
  ringKeyId: string;
  sealed: readonly Buffer[];
}

/** What is sealed under the ring, and how each is sealed under its active key; a test finds a kind that is not here. */
const SEALED = {
  tenant_key: (ring, { id, ringKeyId, sealed }) => [rewrapKey(ring, id, ringKeyId, sealed[0]!)],
  tenant_contacts: (ring, { id, ringKeyId, sealed }) => [resealContacts(ring, id, ringKeyId, sealed[0]!)],
  checklist_file: (ring, { tenantId, ...file }) => resealFile(ring, { ...file, tenantId: tenantId! }),
  operator_totp: (ring, { id, ringKeyId, sealed }) => [resealTotp(ring, id, ringKeyId, sealed[0]!)],
} as const satisfies Record<string, (ring: KeyRing, thing: SealedThing) => Buffer[]>;
type Kind = keyof typeof SEALED;
export const SEALED_KINDS = Object.keys(SEALED) as Kind[];

/** Things of one transaction; a file has up to 10 MiB. */
const BATCH = 200;
const BATCH_OF_FILES = 4;

interface Use {
  kind: string;
  ring_key_id: string;
  things: string;
}

/** Shows what is sealed under which key of the ring, and which keys nothing in this database needs. */
export async function keyRingStatus({ dataSource, out }: OperatorContext, ring: KeyRing): Promise<number> {
  const used: Use[] = await dataSource.query('select * from ring_key_use() order by kind, ring_key_id');
  for (const { kind, ring_key_id, things } of used)
    out(JSON.stringify({ kind, ring_key_id, things: Number(things), in_ring: ring.keys.has(ring_key_id) }));
  const ids = new Set(used.map(({ ring_key_id }) => ring_key_id));
  const remaining = used
    .filter(({ ring_key_id }) => ring_key_id !== ring.active)
    .reduce((sum, { things }) => sum + Number(things), 0);
  const unused = [...ring.keys.keys()].filter((id) => id !== ring.active && !ids.has(id));
  out(JSON.stringify({ active: ring.active, remaining, may_be_removed: unused }));
  return remaining;
}

/**
 * Seals everything under the ring's active key, in batches that each are whole: an interrupted run goes on where it was.
 * In the name of an admin who signs in.
 * @throws OperatorError `ring_keys_in_use` when anything is left under another key; its lines say what and why.
 */
export async function keyRingRewrap(context: OperatorContext): Promise<void> {
  await asOperator(context, 'key_ring:rewrap', async ({ tokenSha256, operatorId }, origin, ring) => {
    for (const kind of SEALED_KINDS)
      await rewrapKind(context, ring, kind, { tokenSha256, actor: `operator:${operatorId}`, ...origin });
    // Counted again: meanwhile a process whose active key is still another one may have sealed something.
    const remaining = await keyRingStatus(context, ring);
    if (remaining > 0)
      throw new OperatorError('ring_keys_in_use', `${remaining} things are sealed under other keys: keep those keys`);
  });
}

async function rewrapKind(
  { dataSource, out }: OperatorContext,
  ring: KeyRing,
  kind: Kind,
  { tokenSha256, ...acting }: { tokenSha256: Buffer; actor: string; requestId: string },
): Promise<void> {
  for (let after: string | null = null; ;) {
    const found: SealedThing[] = await dataSource.query(
      `select tenant_id as "tenantId", id, ring_key_id as "ringKeyId", sealed
       from sealed_under_others($1, $2, $3, $4, $5)`,
      [tokenSha256, ring.active, kind, after, kind === 'checklist_file' ? BATCH_OF_FILES : BATCH],
    );
    const last = found.at(-1);
    if (last === undefined) return;
    after = last.id;
    await dataSource.transaction(async (manager) => {
      let done = 0;
      for (const thing of found) {
        const { id, ringKeyId, sealed } = thing;
        let anew: Buffer[];
        try {
          anew = SEALED[kind](ring, thing);
        } catch (error) {
          out(JSON.stringify({ kind, id, ring_key_id: ringKeyId, not_opened: (error as Error).message }));
          continue;
        }
        const [row]: { sealed: boolean }[] = await manager.query('select seal_anew($1, $2, $3, $4, $5, $6) as sealed', [
          tokenSha256,
          kind,
          id,
          sealed,
          ring.active,
          anew,
        ]);
        if (row!.sealed) done++;
      }
      if (done === 0) return;
      await appendAudit(manager, {
        ...acting,
        action: 'key_ring.rewrap',
        target: `ring_key:${ring.active}`,
        detail: { kind, things: done, from: [...new Set(found.map(({ ringKeyId }) => ringKeyId))] },
      });
      out(JSON.stringify({ kind, sealed_anew: done }));
    });
  }
}

const NEEDS: Record<string, string> = {
  hold: 'a legal hold runs',
  evidence: 'evidence of verifications is sealed under it',
  person_certificate: 'certificates of persons are sealed under it',
  delivered_attributes: 'serials of delivered attributes are sealed under it',
  consent: 'consents have to be kept whose records are found by its keyed hashes',
  webhook_secret: 'secrets of webhook endpoints are sealed under it',
  webhook_answer: 'answers of webhook receivers, kept for thirty days, are sealed under it',
  deleted_person: 'deleted persons are kept out by its keyed hashes',
  other_keys: 'it makes the keyed hashes by which what is under the other keys is found',
  tenant_not_terminated: 'the tenant is served and what comes is sealed under it',
};

/** restrict_violation, by the trigger on the row (PostgreSQL manual, appendix A). */
const REFUSED = '23001';

/**
 * Destroys a tenant's data key: what was sealed under it cannot be opened any more, by anybody, from any backup of this
 * database alone.
 * @throws OperatorError `tenant_key_unknown`; `tenant_key_needed` with every reason
 */
export async function tenantDestroyKey(
  { dataSource, actor, out }: OperatorContext,
  { tenant, mode, id, reason }: { tenant: string; mode: Mode; id: string; reason: string },
): Promise<void> {
  const tenantId = fromPublicId('ten', tenant);
  if (tenantId === undefined) throw new CommandRefused('--tenant is an id that starts with ten_');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))
    throw new CommandRefused('--id is the id of a tenant_key');
  if (reason.trim().length < 3) throw new CommandRefused('--reason says why');
  await dataSource
    .transaction(async (manager) => {
      const known: unknown[] = await manager.query(
        'select 1 from tenant_key where tenant_id = $1 and mode = $2 and id = $3',
        [tenantId, mode, id],
      );
      if (known.length === 0) throw new OperatorError('tenant_key_unknown', 'The tenant has no such key in this mode.');
      const needs: { need: string; things: string; until: Date | null }[] = await manager.query(
        'select * from tenant_key_needs($1, $2, $3)',
        [tenantId, mode, id],
      );
      for (const { need, things, until } of needs)
        out(
          JSON.stringify({ need, meaning: NEEDS[need], things: Number(things), until: until?.toISOString() ?? null }),
        );
      if (needs.length > 0) throw new OperatorError('tenant_key_needed', needs.map(({ need }) => need).join(', '));
      await manager.query('delete from tenant_key where tenant_id = $1 and mode = $2 and id = $3', [
        tenantId,
        mode,
        id,
      ]);
      await appendAudit(manager, {
        actor,
        action: 'tenant_key.destroy',
        target: `tenant_key:${id}`,
        tenancy: { tenantId, mode },
        detail: { reason: reason.trim() },
      });
    })
    .catch((error: unknown) => {
      // Something was sealed under it meanwhile.
      throw (error as { code?: unknown }).code === REFUSED
        ? new OperatorError('tenant_key_needed', 'the database refuses it; ask again')
        : error;
    });
  out(JSON.stringify({ tenant_id: tenant, mode, key: id, destroyed: true }));
}
