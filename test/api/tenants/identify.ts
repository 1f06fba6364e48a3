import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ApiStack, type TestKey } from '../../support/api.js';
import { rawBody } from '../../support/card.js';
import { authenticationBody, logIn, signUp } from '../../support/login.js';
import { verifySignature } from '../../support/verification.js';

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.shared();
  tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { identify: true });
  key = await stack.newKey({ tenantId });
}, 120_000);

const count = async (table: string, tenant = tenantId): Promise<number> => {
  const { rows } = await stack.owner.query<{ n: number }>(
    `select count(*)::int as n from ${table} where tenant_id = $1`,
    [tenant],
  );
  return rows[0]!.n;
};

describe('201: a verification with identify', () => {
  it('names a new person at the first sight of a certificate and the same at every later one', async () => {
    const card = await stack.sandbox.issue();
    const first = await logIn(stack, key, card);
    expect(first.person).toEqual({
      state: 'identified',
      id: expect.stringMatching(/^per_[0-9a-f]{32}$/),
      new: true,
      merged_into: null,
      status: null,
    });
    const second = await logIn(stack, key, card);
    expect(second.person).toEqual({ ...first.person, new: false });
    const { data } = await key.client.GET('/v1/verifications/{id}', { params: { path: { id: second.id } } });
    expect(data).toEqual(second);
  });

  it('adds nothing to the meter', async () => {
    const card = await stack.sandbox.issue();
    expect((await logIn(stack, key, card)).usage).toHaveLength(1);
    expect((await signUp(stack, key, card)).usage).toHaveLength(1);
  });

  it('makes one person of twenty first logins at once', async () => {
    const card = await stack.sandbox.issue();
    const seen = await Promise.all(Array.from({ length: 20 }, () => logIn(stack, key, card)));
    expect(new Set(seen.map(({ person }) => person!.id)).size).toBe(1);
    expect(seen.filter(({ person }) => person!.new)).toHaveLength(1);
  });

  it('is of unrelated persons for two tenants that see the same card', async () => {
    const card = await stack.sandbox.issue();
    const otherTenant = await stack.newTenant();
    await stack.setContract(otherTenant, { identify: true });
    const other = await stack.newKey({ tenantId: otherTenant });
    const [mine, theirs] = [await logIn(stack, key, card), await logIn(stack, other, card)];
    expect(theirs.person).toMatchObject({ state: 'identified', new: true });
    expect(theirs.person!.id).not.toBe(mine.person!.id);
  });

  it('without it, or in a list, tells of nobody', async () => {
    const card = await stack.sandbox.issue();
    const before = await count('person');
    expect((await verifySignature(key, await rawBody(stack.sandbox, { card }))).person).toBeNull();
    expect(await count('person')).toBe(before);
    const { data } = await key.client.GET('/v1/verifications');
    expect(data!.data[0]).not.toHaveProperty('person');
  });

  it.each(['card-lost', 'on-hold', 'expired'])('names nobody when it is not valid (%s)', async (card) => {
    const before = await count('person');
    const verification = await signUp(stack, key, card);
    expect(verification.outcome).not.toBe('valid');
    expect(verification.person).toBeNull();
    expect(await count('person')).toBe(before);
  });

  it('names nobody when the signature is of another document', async () => {
    const body = { ...(await rawBody(stack.sandbox)), content: Buffer.from('other').toString('base64') };
    expect((await verifySignature(key, { ...body, identify: true })).person).toBeNull();
  });
});

describe('the same Idempotency-Key', () => {
  it('tells the same person again, as it told it first', async () => {
    const card = await stack.sandbox.issue();
    const body = { ...(await authenticationBody(stack, key, card)), identify: true };
    const params = { header: { 'Idempotency-Key': randomUUID() } };
    const first = await key.client.POST('/v1/authentications', { body, params });
    const second = await key.client.POST('/v1/authentications', { body, params });
    expect(second.response.headers.get('idempotent-replayed')).toBe('true');
    expect(second.data).toEqual(first.data);
    expect(first.data!.person).toMatchObject({ new: true });
  });

  it('finds the person when the first try ended right after the verdict', async () => {
    const card = await stack.sandbox.issue();
    const body = { ...(await rawBody(stack.sandbox, { card })), identify: true };
    const params = { header: { 'Idempotency-Key': randomUUID() } };
    const first = await key.client.POST('/v1/signature-verifications', { body, params });
    const uuid = first.data!.id.slice(4);
    // What a process leaves that is killed between the two commits.
    await stack.owner.query(`delete from verification_person where replace(verification_id::text, '-', '') = $1`, [
      uuid,
    ]);
    await stack.owner.query('delete from person_certificate where replace(person_id::text, $2, $3) = $1', [
      first.data!.person!.id!.slice(4),
      '-',
      '',
    ]);
    const second = await key.client.POST('/v1/signature-verifications', { body, params });
    expect(second.data!.id).toBe(first.data!.id);
    expect(second.data!.person).toMatchObject({ state: 'identified', new: true });
    expect(second.data!.usage).toHaveLength(1);
    expect((await signUp(stack, key, card)).person).toEqual({ ...second.data!.person, new: false });
  });
});

describe('403: feature_not_contracted', () => {
  it('before anything is decided, used up or metered', async () => {
    const without = await stack.newKey();
    const body = { ...(await authenticationBody(stack, without, 'adult-valid')), identify: true };
    const refused = await without.client.POST('/v1/authentications', { body });
    expect([refused.response.status, refused.error?.code]).toEqual([403, 'feature_not_contracted']);
    const { data } = await without.client.POST('/v1/authentications', { body: { ...body, identify: false } });
    expect(data!.outcome).toBe('valid');
    const signature = { ...(await rawBody(stack.sandbox)), identify: true };
    const { error } = await without.client.POST('/v1/signature-verifications', { body: signature });
    expect(error).toMatchObject({ code: 'feature_not_contracted', feature: 'identify' });
  });
});
