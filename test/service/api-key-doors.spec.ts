import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { createApiKey, hashApiKey, takeStep } from '#lib/tenancy';
import { withTenant } from '#lib/platform';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { bringLive } from '../support/onboarding.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

/** The doors themselves, as somebody would use them who can run statements in an API process. */
let database: TestDatabase;
let api: DataSource;
let worker: DataSource;
let operator: DataSource;
let admin: DataSource;
let a: TestTenant;
let b: TestTenant;
/** Bounded in every way. */
let maker: { id: string; hash: Buffer };

const LIMITS = { scopes: ['admin', 'verifications:read'], addresses: ['10.0.0.0/8'], ends: '2099-01-01T00:00:00Z' };

beforeAll(async () => {
  database = await createTestDatabase();
  [api, worker, operator, admin] = await Promise.all([
    connect(database.urls.api),
    connect(database.urls.worker),
    connect(database.urls.operator),
    connect(database.urls.admin),
  ]);
  a = await makeTenant(operator, 'A');
  b = await makeTenant(operator, 'B');
  maker = await keyOf(a);
});
afterAll(async () => {
  await Promise.all([api, worker, operator, admin].map((each) => each.destroy()));
  await database.drop();
});

async function keyOf(
  tenant: TestTenant,
  mode = tenant.mode,
  ends = LIMITS.ends,
): Promise<{ id: string; hash: Buffer }> {
  const { id, secret } = await createApiKey(operator, {
    tenantId: tenant.tenantId,
    mode,
    name: 'maker',
    actor: 'operator:test',
    scopes: ['admin', 'verifications:read'],
    allowedAddresses: LIMITS.addresses,
    expiresAt: new Date(ends),
  });
  return { id, hash: hashApiKey(secret) };
}

async function stepOf(tenant: TestTenant, step: 'suspend' | 'resume' | 'terminate'): Promise<void> {
  const admin = await connect(database.urls.admin);
  try {
    const request = { step, reason: 'test' };
    await takeStep(admin, { tenantId: tenant.tenantId, request, actor: 'operator:test' });
  } finally {
    await admin.destroy();
  }
}

interface Wanted {
  scopes: (string | null)[] | null;
  addresses: (string | null)[] | null;
  ends: string | null;
}
async function make(hash: Buffer, wanted: Partial<Wanted> = {}, id = randomUUID()): Promise<string | null> {
  const { scopes, addresses, ends } = { ...LIMITS, ...wanted };
  const secret = createHash('sha256').update(id).digest();
  const rows: { refusal: string | null }[] = await api.query(
    `select make_api_key($1, $2, 'x', $3, 'xxxx', $4, $5::cidr[], $6) as refusal`,
    [hash, id, secret, scopes, addresses, ends],
  );
  return rows[0]!.refusal;
}
async function rotate(hash: Buffer, wanted: string, overlap = '1 hour'): Promise<string | null> {
  const rows: { refusal: string | null }[] = await api.query(
    `select rotate_api_key($1, $2, gen_random_uuid(), sha256(random()::text::bytea), 'xxxx', $3) as refusal`,
    [hash, wanted, overlap],
  );
  return rows[0]!.refusal;
}
async function revoke(hash: Buffer, wanted: string): Promise<string | null> {
  const rows: { refusal: string | null }[] = await api.query('select revoke_api_key($1, $2) as refusal', [
    hash,
    wanted,
  ]);
  return rows[0]!.refusal;
}
const stateOf = async (id: string): Promise<Record<string, unknown>> => {
  const rows: Record<string, unknown>[] = await operator.query(
    `select tenant_id, mode, made_by, revoked_at, expires_at, last_used_at from api_key where id = $1`,
    [id],
  );
  return rows[0]!;
};
const DENIED = /permission denied/;

describe('the door that makes keys', () => {
  it('takes tenant, mode and maker from the hash of the secret, whatever tenant the transaction names', async () => {
    const id = randomUUID();
    await withTenant(api, b, () => Promise.resolve());
    expect(await make(maker.hash, {}, id)).toBeNull();
    expect(await stateOf(id)).toMatchObject({ tenant_id: a.tenantId, mode: 'test', made_by: maker.id });
  });

  it.each<[string, Partial<Wanted>, string]>([
    ['a scope more', { scopes: ['admin', 'persons:read'] }, 'wider:scopes'],
    ['nothing for a scope', { scopes: [null] }, 'wider:scopes'],
    ['a wider range', { addresses: ['10.0.0.0/7'] }, 'wider:addresses'],
    ['a range beside', { addresses: ['10.0.0.1', '192.0.2.1'] }, 'wider:addresses'],
    ['nothing for a range', { addresses: ['10.0.0.1', null] }, 'wider:addresses'],
    ['everywhere', { addresses: [] }, 'wider:addresses'],
    ['a later end', { ends: '2099-01-01T00:00:00.001Z' }, 'wider:life'],
    ['an end that never comes', { ends: 'infinity' }, 'wider:life'],
    ['no end', { ends: null }, 'wider:life'],
  ])('does not give %s', async (_what, wanted, refusal) => expect(await make(maker.hash, wanted)).toBe(refusal));

  it.each<[string, Partial<Wanted>]>([
    ['scopes', { scopes: null }],
    ['scopes that are none', { scopes: [] }],
    ['addresses', { addresses: null }],
  ])('makes no key without %s', async (_what, wanted) => {
    await expect(make(maker.hash, wanted)).rejects.toThrow(/violates|wider/);
  });

  it.each<[string, () => Promise<Buffer>]>([
    ['unknown', () => Promise.resolve(Buffer.alloc(32))],
    ['without the scope', () => Promise.resolve(Buffer.from(a.keyHash, 'hex'))],
    [
      'revoked',
      async () => {
        const key = await keyOf(a);
        expect(await revoke(key.hash, key.id)).toBeNull();
        return key.hash;
      },
    ],
    [
      'expired',
      async () => {
        const key = await keyOf(a);
        expect(await rotate(key.hash, key.id, '0')).toBeNull();
        return key.hash;
      },
    ],
  ])('and the others do nothing for a key that is %s', async (_what, hash) => {
    const asker = await hash();
    expect([await make(asker), await rotate(asker, maker.id), await revoke(asker, maker.id)]).toEqual(
      Array(3).fill('api_key_invalid'),
    );
    expect(await stateOf(maker.id)).toMatchObject({ revoked_at: null });
  });
});

describe('a maker whose tenant is not served', () => {
  it('makes, rotates and revokes nothing', async () => {
    const tenant = await makeTenant(operator, 'suspended');
    const own = await keyOf(tenant);
    await stepOf(tenant, 'suspend');
    const tried = async (): Promise<(string | null)[]> => [
      await make(own.hash),
      await rotate(own.hash, own.id),
      await revoke(own.hash, own.id),
    ];
    expect(await tried()).toEqual(Array(3).fill('api_key_invalid'));
    await stepOf(tenant, 'resume');
    expect(await tried()).toEqual([null, null, null]);
    await stepOf(tenant, 'terminate');
    expect(await tried()).toEqual(Array(3).fill('api_key_invalid'));
  });
});

describe('the doors that rotate and revoke', () => {
  it("do not reach another tenant's key nor one of the other mode", async () => {
    await bringLive(database, a.tenantId);
    const live = await keyOf(a, 'live');
    for (const foreign of [b.apiKeyId, live.id, randomUUID()])
      expect([await rotate(maker.hash, foreign), await revoke(maker.hash, foreign)]).toEqual([
        'not_found',
        'not_found',
      ]);
    for (const foreign of [b.apiKeyId, live.id]) expect(await stateOf(foreign)).toMatchObject({ revoked_at: null });
  });

  it('lengthen no life and lift no revocation', async () => {
    const target = await keyOf(a);
    for (const overlap of ['-1 hour', '169 hours', '1 year'])
      await expect(rotate(maker.hash, target.id, overlap)).rejects.toThrow('is not allowed');
    expect(await revoke(maker.hash, target.id)).toBeNull();
    const before = await stateOf(target.id);
    expect([await revoke(maker.hash, target.id), await rotate(maker.hash, target.id)]).toEqual(['revoked', 'revoked']);
    expect(await stateOf(target.id)).toEqual(before);
  });

  it('give a key that may more to nobody', async () => {
    const { id } = await createApiKey(operator, {
      tenantId: a.tenantId,
      mode: 'test',
      name: 'wide',
      actor: 'operator:test',
    });
    expect(await rotate(maker.hash, id)).toBe('wider:scopes');
  });

  it('replace a key once, however many ask at once, in whichever order', async () => {
    const [one, two] = [await keyOf(a), await keyOf(a)];
    const same = await Promise.all(Array.from({ length: 4 }, () => rotate(maker.hash, one.id)));
    expect(same.filter((result) => result === null)).toHaveLength(1);
    expect(same.filter((result) => result === 'rotated')).toHaveLength(3);
    // The first shortens the other's life, which then is too short to make one as long.
    const crossed = await keyOf(a);
    const results = await Promise.all([rotate(two.hash, crossed.id), rotate(crossed.hash, two.id)]);
    expect(new Set(results)).toEqual(new Set([null, 'wider:life']));
  });
});

describe('the door by which operators replace a key', () => {
  const replace = async (wanted: string, overlap = '1 hour'): Promise<string | null> => {
    const rows: { refusal: string | null }[] = await admin.query(
      `select replace_api_key($1, gen_random_uuid(), sha256(random()::text::bytea), 'xxxx', $2) as refusal`,
      [wanted, overlap],
    );
    return rows[0]!.refusal;
  };
  const replacementOf = (id: string): Promise<Record<string, unknown>[]> =>
    operator.query(
      `select tenant_id, mode, name, scopes, allowed_addresses::text[] as addresses, expires_at, made_by
       from api_key where rotated_from = $1`,
      [id],
    );

  it('gives all that the old one may and no more, whose end it brings forward and never back', async () => {
    const [long, short] = [await keyOf(a), await keyOf(a)];
    expect(await replace(long.id)).toBeNull();
    expect(await replacementOf(long.id)).toEqual([
      {
        tenant_id: a.tenantId,
        mode: 'test',
        name: 'maker',
        scopes: LIMITS.scopes,
        addresses: LIMITS.addresses,
        expires_at: new Date(LIMITS.ends),
        made_by: null,
      },
    ]);
    const { expires_at: end } = (await stateOf(long.id)) as { expires_at: Date };
    expect(end.getTime()).toBeLessThan(Date.now() + 3_700_000);
    expect(await rotate(maker.hash, short.id, '1 minute')).toBeNull();
    const before = await stateOf(short.id);
    expect(await replace(short.id, '168 hours')).toBe('rotated');
    expect(await stateOf(short.id)).toEqual(before);
  });

  it('replaces none that is unknown, over or revoked, and none twice, however many ask at once', async () => {
    const [one, over, revoked] = [await keyOf(a), await keyOf(a, 'test', new Date(0).toISOString()), await keyOf(a)];
    const same = await Promise.all([...Array(3)].map(() => replace(one.id)).concat(rotate(maker.hash, one.id)));
    expect(same.sort()).toEqual([null, 'rotated', 'rotated', 'rotated'].sort());
    expect(await revoke(maker.hash, revoked.id)).toBeNull();
    expect([await replace(revoked.id), await replace(randomUUID())]).toEqual(['revoked', 'not_found']);
    expect([await replace(over.id), await replacementOf(over.id)]).toEqual(['expired', []]);
    for (const overlap of ['-1 hour', '169 hours', '1 year', null])
      await expect(replace(maker.id, overlap as string)).rejects.toThrow('is not allowed');
    expect(await stateOf(maker.id)).toMatchObject({ revoked_at: null, expires_at: new Date(LIMITS.ends) });
  });

  it('replaces no key of live mode when its tenant is not live', async () => {
    const tenant = await makeTenant(operator, 'live for a while');
    await bringLive(database, tenant.tenantId);
    const live = await keyOf(tenant, 'live');
    await stepOf(tenant, 'suspend');
    expect(await replace(live.id)).toBe('not_live');
    await stepOf(tenant, 'resume');
    expect(await replace(live.id)).toBeNull();
  });
});

describe('the last use of a key', () => {
  it('is written at most once a minute', async () => {
    const note = (): Promise<unknown> => api.query('select note_api_key_use($1)', [maker.hash]);
    await note();
    const { last_used_at: first } = await stateOf(maker.id);
    await note();
    expect([first instanceof Date, (await stateOf(maker.id))['last_used_at']]).toEqual([true, first]);
  });
});

describe('beside the doors', () => {
  it('no process of tenants writes keys or reads their hashes', async () => {
    for (const [role, sql] of [
      [api, `update api_key set expires_at = null`],
      [api, `update api_key set revoked_at = null`],
      [api, `update api_key set allowed_addresses = '{}'`],
      [api, `delete from api_key`],
      [api, `select secret_sha256 from api_key`],
      [api, `insert into api_key (id) values (gen_random_uuid())`],
      [api, `select * from acting_api_key('\\x00')`],
      [worker, `select revoke_api_key('\\x00', gen_random_uuid())`],
      [worker, `select note_api_key_use('\\x00')`],
      [admin, `update api_key set expires_at = null`],
      [admin, `select secret_sha256 from api_key`],
      [operator, `select replace_api_key(gen_random_uuid(), gen_random_uuid(), '\\x00', 'xxxx', '1 hour')`],
      [api, `select replace_api_key(gen_random_uuid(), gen_random_uuid(), '\\x00', 'xxxx', '1 hour')`],
      [operator, `select make_api_key('\\x00', gen_random_uuid(), 'x', '\\x00', 'xxxx', '{admin}', '{}', null)`],
    ] as const)
      await expect(role.query(sql)).rejects.toThrow(DENIED);
  });
});
