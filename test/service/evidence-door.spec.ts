import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { newId } from '#lib/platform';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type TestOperator, TestPeople } from '../support/operators.js';
import { DENIED, refusalOf } from '../support/refusal.js';
import { connect, makeTenant } from '../support/tenants.js';

const ORIGIN = { requestId: 'req_test' };
const SEALED = Buffer.from('sealed evidence');
const CALL = 'select * from open_evidence($1, $2, $3, $4, $5, $6)';

let database: TestDatabase;
let owner: pg.Client;
let admin: DataSource;
let operator: DataSource;
let people: TestPeople;
let first: TestOperator;
let second: TestOperator;
let auditor: TestOperator;
let verification: string;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  [admin, operator] = await Promise.all([connect(database.urls.admin), connect(database.urls.operator)]);
  people = new TestPeople(admin, operator);
  first = await people.firstAdmin();
  second = await people.firstAdmin();
  auditor = await people.withRoles(['auditor'], first, second);
  const { tenantId, apiKeyId, tenantKeyId } = await makeTenant(operator, 'A');
  verification = newId(Date.now());
  await owner.query(
    `insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, recorded_at, outcome, verdict,
       certificate_kind, certificate_hash, tenant_key_id, evidence)
     values ($1, 'test', $2, 'signature', $3, now(), now(), 'valid', '{}', 'sign', $4, $5, $6)`,
    [tenantId, verification, apiKeyId, randomBytes(32), tenantKeyId, SEALED],
  );
});
afterAll(async () => {
  await Promise.all([owner.end(), admin.destroy(), operator.destroy()]);
  await database.drop();
});

type Opened = { refusal: string | null; evidence: Buffer | null; wrapped: Buffer | null }[];
interface Asked {
  id?: string;
  why?: string | null;
  as?: DataSource;
}
const open = (token: Buffer | null, { id = verification, why = 'Request 12', as = admin }: Asked = {}) =>
  as.query<Opened>(CALL, [token, id, why, randomUUID(), 'req_test', '192.0.2.1']);
const tokenOf = async (person: TestOperator): Promise<Buffer> => (await people.session(person)).tokenSha256;
const audits = async (): Promise<{ actor: string; detail: unknown }[]> =>
  (
    await owner.query<{ actor: string; detail: unknown }>(
      `select actor, detail from audit_event where action = 'evidence.open'`,
    )
  ).rows;
/** Sealed octets and the audit events that a call has left. */
async function gained(rows: Opened, before: number): Promise<unknown> {
  const octets = rows.flatMap(({ evidence, wrapped }) => [evidence, wrapped]).filter((each) => each !== null);
  return { refusal: rows.map(({ refusal }) => refusal), octets, audited: (await audits()).length - before };
}

describe('open_evidence(…), called by SQL', () => {
  it('gives sealed octets to an auditor with both factors and a reason, and writes down who and why', async () => {
    const before = (await audits()).length;
    const rows = await open(await tokenOf(auditor));
    expect(rows).toMatchObject([{ refusal: null, evidence: SEALED, wrapped: expect.any(Buffer) }]);
    expect((await audits()).slice(before)).toEqual([
      { actor: `operator:${auditor.id}`, detail: { reason: 'Request 12', purpose: 'bundle' } },
    ]);
  });

  it('takes nobody else’s word: refused in one transaction with the audit event it does not write', async () => {
    const half = async (): Promise<Buffer> => {
      const proof = await people.signIn.checkPassword(auditor.email, auditor.password, ORIGIN);
      return (await people.sessions.find(await people.signIn.openFirst(proof, Date.now(), ORIGIN), Date.now()))!
        .tokenSha256;
    };
    const ended = async (): Promise<Buffer> => {
      const session = await people.session(auditor);
      await people.sessions.end(admin, session.id);
      return session.tokenSha256;
    };
    const attempts: [string, Buffer | null, string][] = [
      ['a hash nobody has', randomBytes(32), 'session_invalid'],
      ['no hash', null, 'session_invalid'],
      ['the password alone', await half(), 'session_invalid'],
      ['an ended session', await ended(), 'session_invalid'],
      ['an admin, who is no auditor', await tokenOf(first), 'permission_missing'],
    ];
    for (const [what, token, refusal] of attempts) {
      const before = (await audits()).length;
      const got = await gained(await open(token), before);
      expect([what, got]).toEqual([what, { refusal: [refusal], octets: [], audited: 0 }]);
    }
  });

  it('ends with the role of the auditor', async () => {
    const person = await people.withRoles(['auditor'], first, second);
    const token = await tokenOf(person);
    expect((await open(token))[0]!.refusal).toBeNull();
    await people.giveRoles(person.id, ['auditor'], ['support'], first, second);
    expect(await open(token)).toMatchObject([{ refusal: 'session_invalid', evidence: null, wrapped: null }]);
  });

  it('gives nothing without a reason, or of a verification that is not there', async () => {
    const token = await tokenOf(auditor);
    const before = (await audits()).length;
    const refusals: (string | null)[] = [];
    for (const given of [{ why: null }, { why: '' }, { why: ' x ' }, { why: 'x'.repeat(501) }, { id: randomUUID() }]) {
      const rows = await open(token, given);
      refusals.push(rows[0]!.refusal);
      expect(await gained(rows, before)).toMatchObject({ octets: [], audited: 0 });
    }
    expect(refusals).toEqual([...Array<string>(4).fill('reason_missing'), 'verification_unknown']);
  });

  it('lists nothing and is not for other processes', async () => {
    const listing = `select count(v.*) from verification v, open_evidence('\\x00', v.id, 'x', gen_random_uuid(), 'x', null)`;
    expect(await refusalOf(operator.query(listing))).toBe(DENIED);
    for (const url of [database.urls.api, database.urls.worker]) {
      const other = await connect(url);
      expect(await refusalOf(open(await tokenOf(auditor), { as: other }))).toBe(DENIED);
      await other.destroy();
    }
  });
});
