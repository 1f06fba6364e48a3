import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { Logger } from '#lib/platform';
import { revokeApiKey } from '#lib/tenancy';
import { DecisionWriter, encodeBatch, type Decision } from '#lib/verification';
import { challenge as newChallenge } from '../support/checklist.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { decision } from '../support/decisions.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

let database: TestDatabase;
let owner: pg.Client;
let api: DataSource;
let operator: DataSource;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  api = await connect(database.urls.api);
  operator = await connect(database.urls.operator);
  a = await makeTenant(operator, 'A');
  b = await makeTenant(operator, 'B');
});
afterAll(async () => {
  await owner.end();
  await api.destroy();
  await operator.destroy();
  await database.drop();
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const key = (name: string, body = 'body'): { keyHash: string; requestHash: string } => ({
  keyHash: sha256(name),
  requestHash: sha256(body),
});

async function append(...decisions: Decision[]): Promise<(string | null)[]> {
  const { decided, evidence } = encodeBatch(decisions);
  const rows: { row_position: number; conflict: string }[] = await api.query('select * from append_decided($1, $2)', [
    decided,
    evidence,
  ]);
  return decisions.map((_, position) => rows.find((row) => row.row_position === position)?.conflict ?? null);
}

/** How often a decision is stored in each of the tables. */
async function stored(...decisions: Decision[]): Promise<string[]> {
  const counts: string[] = [];
  for (const { id, auditId } of decisions) {
    const { rows } = await owner.query<{ counts: string }>(
      `select (select count(*) from verification where id = $1) || '/' ||
        (select count(*) from usage_event where verification_id = $1) || '/' ||
        (select count(*) from audit_event where id = $2) as counts`,
      [id, auditId],
    );
    counts.push(rows[0]!.counts);
  }
  return counts;
}

const challenge = (tenant: TestTenant): Promise<string> => newChallenge(api, tenant);

describe('append_decided stores', () => {
  it('decisions of several tenants in one commit, each with its own evidence, usage and audit event', async () => {
    const rows = [decision(a), decision(b), decision(a)];
    expect(await append(...rows)).toEqual([null, null, null]);
    expect(await stored(...rows)).toEqual(['1/1/1', '1/1/1', '1/1/1']);
    for (const row of rows) {
      const found = await owner.query<{ tenant_id: string; evidence: Buffer }>(
        'select tenant_id, evidence from verification where id = $1',
        [row.id],
      );
      expect(found.rows).toEqual([{ tenant_id: row.principal.tenantId, evidence: row.sealedEvidence }]);
    }
  });

  it('nothing of a row whose idempotency key is taken, and its neighbours whole', async () => {
    const first = decision(a, { idempotency: key('taken') });
    const rows = [decision(b), decision(a, { idempotency: key('taken') }), decision(a)];
    expect(await append(first)).toEqual([null]);
    expect(await append(...rows)).toEqual([null, 'idempotency_key_used', null]);
    expect(await stored(...rows)).toEqual(['1/1/1', '0/0/0', '1/1/1']);
  });

  it('one of two rows with the same key or the same challenge in one batch', async () => {
    const challengeId = await challenge(a);
    const rows = [
      decision(a, { idempotency: key('twice') }),
      decision(a, { idempotency: key('twice') }),
      decision(a, { challengeId }),
      decision(a, { challengeId }),
    ];
    const conflicts = await append(...rows);
    expect(conflicts.slice(0, 2).sort()).toEqual(['idempotency_key_used', null]);
    expect(conflicts.slice(2).sort()).toEqual(['challenge_used', null]);
    expect((await stored(...rows)).sort()).toEqual(['0/0/0', '0/0/0', '1/1/1', '1/1/1']);
  });

  it('one of fifty answers to a challenge that arrive in fifty commits at once', async () => {
    const challengeId = await challenge(a);
    const rows = Array.from({ length: 50 }, () => decision(a, { challengeId }));
    const conflicts = (await Promise.all(rows.map((row) => append(row)))).flat();
    expect(conflicts.filter((conflict) => conflict === null)).toHaveLength(1);
    expect(conflicts.filter((conflict) => conflict === 'challenge_used')).toHaveLength(49);
  });

  it('batches that claim the same keys in opposite order without a deadlock', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `crossed ${i}`);
    const batch = (order: string[]) => append(...order.map((name) => decision(a, { idempotency: key(name) })));
    const [one, two] = await Promise.all([batch(names), batch([...names].reverse())]);
    const won = [...one, ...two].filter((conflict) => conflict === null);
    expect(won).toHaveLength(names.length);
  });

  it('neither claim of a row that wins its challenge and loses its idempotency key', async () => {
    const challengeId = await challenge(a);
    expect(await append(decision(a, { idempotency: key('lost') }))).toEqual([null]);
    const writer = new DecisionWriter(api, new Logger('test', 'silent'));
    const torn = decision(a, { challengeId, idempotency: key('lost') });
    const rows = [decision(b), torn, decision(a)];
    expect(await Promise.all(rows.map((row) => writer.append(row)))).toEqual([
      undefined,
      'idempotency_key_used',
      undefined,
    ]);
    expect(await stored(...rows)).toEqual(['1/1/1', '0/0/0', '1/1/1']);
    expect(await append(decision(a, { challengeId }))).toEqual([null]);
  });

  it('an undecided check without using up its challenge or idempotency key', async () => {
    const challengeId = await challenge(a);
    const undecided = decision(a, { challengeId, idempotency: key('undecided') }, 'indeterminate');
    const decided = decision(a, { challengeId, idempotency: key('undecided') });
    const late = decision(a, { challengeId, idempotency: key('undecided') }, 'indeterminate');
    expect(await append(undecided)).toEqual([null]);
    expect(await append(decided)).toEqual([null]);
    // What was decided under the key stays the answer, also when the data has become doubtful since.
    expect(await append(late)).toEqual(['idempotency_key_used']);
    expect(await stored(undecided, decided, late)).toEqual(['1/1/1', '1/1/1', '0/0/0']);
  });
});

describe('append_decided cannot be used', () => {
  it("to write for another tenant: ownership comes from the secret's hash and nothing else", async () => {
    const row = decision(a);
    const { decided, evidence } = encodeBatch([row]);
    const forged = (JSON.parse(decided) as object[]).map((each) => ({
      ...each,
      tenant_id: b.tenantId,
      mode: 'live',
      api_key_id: b.apiKeyId,
    }));
    await api.query('select * from append_decided($1, $2)', [JSON.stringify(forged), evidence]);
    const { rows } = await owner.query('select tenant_id, mode::text, api_key_id from verification where id = $1', [
      row.id,
    ]);
    expect(rows).toEqual([{ tenant_id: a.tenantId, mode: 'test', api_key_id: a.apiKeyId }]);
  });

  it("with an API key's id, which is no secret, in place of its hash", async () => {
    const row = decision(a);
    row.principal = { ...row.principal, keyHash: b.apiKeyId.replaceAll('-', '').padEnd(64, '0') };
    expect(await append(row, decision(b))).toEqual(['api_key_invalid', null]);
    expect(await stored(row)).toEqual(['0/0/0']);
  });

  it("with another tenant's challenge or data key", async () => {
    const challengeId = await challenge(b);
    const stolen = decision(a, { challengeId });
    const foreignKey = decision(a);
    foreignKey.principal = { ...foreignKey.principal, tenantKeyId: b.tenantKeyId };
    expect(await append(stolen, foreignKey, decision(b, { challengeId }))).toEqual([
      'challenge_unknown',
      'tenant_key_unknown',
      null,
    ]);
  });

  it('with a key that is revoked, even while a process still believes it', async () => {
    const tenant = await makeTenant(operator, 'revoked');
    await revokeApiKey(operator, { id: tenant.apiKeyId, actor: 'operator:test' });
    expect(await append(decision(tenant))).toEqual(['api_key_invalid']);
  });

  it('to bill what was not decided', async () => {
    const row = decision(a, {}, 'indeterminate');
    row.usage = row.usage.map((event) => ({ ...event, billable: true }));
    await expect(append(row)).rejects.toMatchObject({
      driverError: { code: '23514', constraint: 'indeterminate_is_never_billable' },
    });
    expect(await stored(row)).toEqual(['0/0/0']);
  });

  it('by anybody but the API', async () => {
    const worker = await connect(database.urls.worker);
    try {
      for (const other of [worker, operator])
        await expect(
          other.query('select * from append_decided($1, $2)', ['[]', Buffer.alloc(0)]),
        ).rejects.toMatchObject({
          driverError: { code: '42501' },
        });
    } finally {
      await worker.destroy();
    }
  });
});

describe('the decision writer', () => {
  const broken = (row: Decision): Decision => ({ ...row, certificateHash: Buffer.alloc(1) });

  it('answers after the commit, and a row the database refuses spoils no neighbour', async () => {
    const writer = new DecisionWriter(api, new Logger('test', 'silent'));
    const rows = [decision(a), broken(decision(a)), decision(b)];
    const results = await Promise.allSettled(rows.map((row) => writer.append(row)));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await stored(...rows)).toEqual(['1/1/1', '0/0/0', '1/1/1']);
  });

  it('shares commits between decisions that arrive together', async () => {
    const before = await commits();
    const writer = new DecisionWriter(api, new Logger('test', 'silent'));
    const rows = Array.from({ length: 100 }, (_, i) => decision(i % 2 ? a : b));
    await Promise.all(rows.map((row) => writer.append(row)));
    expect(new Set(await stored(...rows))).toEqual(new Set(['1/1/1']));
    expect((await commits()) - before).toBeLessThanOrEqual(2);
  });

  it('says storage_unavailable when it cannot know, and goes on afterwards', async () => {
    const own = await connect(database.urls.api);
    const writer = new DecisionWriter(own, new Logger('test', 'silent'));
    await own.destroy();
    await expect(writer.append(decision(a))).rejects.toMatchObject({ code: 'storage_unavailable' });
    await own.initialize();
    const row = decision(a);
    expect(await writer.append(row)).toBeUndefined();
    expect(await stored(row)).toEqual(['1/1/1']);
    await own.destroy();
  });

  /** Distinct transactions that wrote verifications. */
  async function commits(): Promise<number> {
    const { rows } = await owner.query<{ count: number }>(
      'select count(distinct xmin::text)::int as count from verification',
    );
    return rows[0]!.count;
  }
});
