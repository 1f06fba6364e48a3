import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { japanDay } from '#lib/platform';
import type { ContractChange } from '#lib/tenancy';
import { ApiStack, type TestKey } from '../support/api.js';
import { answeredChallenge, login, signedBy, uuidOf } from '../support/proofs.js';

type AgeCheck = Schemas['AgeCheck'];
type Body = Schemas['AgeCheckRequest'];

let stack: ApiStack;
let key: TestKey;
/** Of 2000-05-01; their age on these days is known without the clock. */
let card: string;
const BIRTH_DATE = '420000501';
const DATES = ['2018-04-30', '2018-05-01', '2020-04-30', '2020-05-01'];
const TERMS = { allowedAges: [0, 18, 20, 130], ageDates: DATES, ageQuestionsAYear: 100 };

beforeAll(async () => {
  stack = await ApiStack.start();
  card = await stack.sandbox.issue({ birth_date: BIRTH_DATE });
  await stack.refresh();
  key = await newKey();
}, 120_000);
afterAll(() => stack.stop());
afterEach(() => stack.sandbox.jlisFault('age_checks', 'none'));

/** A key of a tenant of its own. */
async function newKey(terms: ContractChange = {}): Promise<TestKey> {
  const tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { ...TERMS, ...terms });
  return stack.newKey({ tenantId });
}

async function ask(
  body: Body,
  { asker = key, idempotencyKey }: { asker?: TestKey; idempotencyKey?: string } = {},
): Promise<{ status: number; check: AgeCheck; problem: Record<string, unknown>; replayed: boolean }> {
  const header = idempotencyKey === undefined ? {} : { params: { header: { 'Idempotency-Key': idempotencyKey } } };
  const { data, error, response } = await asker.client.POST('/v1/age-checks', { body, ...header });
  const replayed = response.headers.get('idempotent-replayed') === 'true';
  return { status: response.status, check: data!, problem: { ...error }, replayed };
}
const codeOf = async (body: Body, asker = key): Promise<[number, unknown]> => {
  const { status, problem } = await ask(body, { asker });
  return [status, problem['code']];
};
const answersOf = async (body: Body, asker = key): Promise<string[]> => {
  const { status, check, problem } = await ask(body, { asker });
  expect([status, problem['code']]).toEqual([201, undefined]);
  return check.answers.map(({ answer }) => answer);
};
async function jlisQuestions(): Promise<number> {
  const requests = await stack.sandbox.jlisRequests();
  return requests.filter(({ service }) => service === 'age_checks').length;
}
async function usage(asker: TestKey): Promise<{ meter: string; purpose: string }[]> {
  const { rows } = await stack.owner.query<{ meter: string; purpose: string }>(
    `select meter, purpose from usage_event where tenant_id = (select tenant_id from api_key where id = $1) order by id`,
    [asker.id],
  );
  return rows;
}

describe('201: an age check', () => {
  it('rests on a login, says yes on the birthday and no on the day before, and meters nothing of its own', async () => {
    const asker = await newKey();
    const verification_id = await login(stack, asker, card);
    const { check } = await ask({ verification_id, ages: [18, 20], on: '2018-05-01' }, { asker });
    expect(check).toEqual({
      id: expect.stringMatching(/^age_[0-9a-f]{32}$/),
      verification_id,
      source: 'jlis',
      created_at: expect.any(String),
      on: '2018-05-01',
      legal_day_inclusive: false,
      answers: [
        { age: 18, answer: 'yes' },
        { age: 20, answer: 'no' },
      ],
    });
    expect(await answersOf({ verification_id, ages: [18], on: '2018-04-30' }, asker)).toEqual(['no']);
    expect(await usage(asker)).toEqual([{ meter: 'auth_check', purpose: 'authentication' }]);
  });

  it('has the age reached on the day before where the contract counts that day in', async () => {
    const asker = await newKey({ ageLegalDayInclusive: true });
    const verification_id = await login(stack, asker, card);
    const { check } = await ask({ verification_id, ages: [18], on: '2018-04-30' }, { asker });
    expect([check.answers, check.legal_day_inclusive]).toEqual([[{ age: 18, answer: 'yes' }], true]);
    const signed = await signedBy(stack, asker, { card });
    expect(await answersOf({ verification_id: signed, ages: [18], on: '2018-04-30' }, asker)).toEqual(['yes']);
  });

  it('is about today in Japan unless it says otherwise', async () => {
    const { check } = await ask({ verification_id: await login(stack, key, card), ages: [18] });
    expect(check.on).toBe(japanDay(Date.now()));
  });

  it('of a sign certificate is answered from its own date of birth, asks J-LIS nothing and gives the same answers', async () => {
    const verification_id = await signedBy(stack, key, { card });
    await stack.sandbox.forgetJlisRequests();
    for (const [on, answer] of DATES.map((date, index) => [date, ['no', 'yes'][index % 2]!] as const)) {
      const age = on < '2020' ? 18 : 20;
      const { check } = await ask({ verification_id, ages: [age], on });
      expect([check.source, check.answers]).toEqual(['sign_certificate', [{ age, answer }]]);
    }
    expect(await jlisQuestions()).toBe(0);
  });

  it.each(['auth', 'sign'] as const)(
    'by the %s certificate of an incomplete date of birth is unknown only where it does not decide',
    async (kind) => {
      const era = await stack.sandbox.issue({ birth_date: '400000000' });
      const year = await stack.sandbox.issue({ birth_date: '319500000' });
      await stack.refresh();
      const proof = (of: string): Promise<string> =>
        kind === 'auth' ? login(stack, key, of) : signedBy(stack, key, { card: of });
      expect(await answersOf({ verification_id: await proof(era), ages: [18, 130] })).toEqual(['unknown', 'no']);
      expect(await answersOf({ verification_id: await proof(year), ages: [20, 0] })).toEqual(['yes', 'yes']);
    },
  );

  it('takes the answer to a challenge with it: one authentication, metered once', async () => {
    const asker = await newKey();
    const authentication = await answeredChallenge(stack, asker, card);
    const { check } = await ask({ authentication, ages: [18], on: '2018-05-01' }, { asker });
    expect(check.answers).toEqual([{ age: 18, answer: 'yes' }]);
    const { data } = await asker.client.GET('/v1/verifications/{id}', {
      params: { path: { id: check.verification_id } },
    });
    expect(data).toMatchObject({ kind: 'authentication', outcome: 'valid', challenge_id: authentication.challenge_id });
    expect(await usage(asker)).toEqual([{ meter: 'auth_check', purpose: 'authentication' }]);
    expect(await codeOf({ authentication, ages: [18], on: '2018-05-01' }, asker)).toEqual([409, 'challenge_used']);
  });

  it('with the same key is the first answer again, also after the proof has expired', async () => {
    const asker = await newKey();
    const authentication = await answeredChallenge(stack, asker, card);
    const send = () => ask({ authentication, ages: [20] }, { asker, idempotencyKey: 'age-1' });
    const first = await send();
    expect([first.status, first.replayed]).toEqual([201, false]);
    await stack.moveClock('+11m');
    try {
      expect(await send()).toEqual({ ...first, replayed: true });
    } finally {
      await stack.moveClock('0');
    }
    expect(await usage(asker)).toHaveLength(1);
    expect((await ask({ authentication, ages: [18] }, { asker, idempotencyKey: 'age-1' })).problem['code']).toBe(
      'idempotency_key_reused',
    );
  });

  it('that ten send at once with one key is one check, one authentication and one count', async () => {
    const asker = await newKey({ ageQuestionsAYear: 1 });
    const authentication = await answeredChallenge(stack, asker, card);
    const all = await Promise.all(
      Array.from({ length: 10 }, () => ask({ authentication, ages: [20] }, { asker, idempotencyKey: 'age-2' })),
    );
    const made = new Set(all.filter(({ status }) => status === 201).map(({ check }) => check.id));
    expect(made.size).toBe(1);
    expect(new Set(all.filter(({ status }) => status !== 201).map(({ problem }) => problem['code']))).toEqual(
      new Set(['idempotency_in_flight']),
    );
    expect(await usage(asker)).toHaveLength(1);
  });

  it('shows no date of birth in the answer, in a row or in the log', async () => {
    const born = '420031217';
    const own = await stack.sandbox.issue({ birth_date: born });
    await stack.refresh();
    const answers = [await login(stack, key, own), await signedBy(stack, key, { card: own })].map((verification_id) =>
      ask({ verification_id, ages: [18, 20] }),
    );
    const { rows } = await stack.owner.query<{ row: string }>('select a::text as row from age_check a');
    const seen = JSON.stringify(await Promise.all(answers)) + JSON.stringify(rows) + stack.log;
    for (const form of [born, born.slice(1), '2003-12-17']) expect(seen).not.toContain(form);
  });
});

describe('422: questions that would search for a date of birth', () => {
  it('are refused over the cap of the year before J-LIS is asked; what was asked before is not a new one', async () => {
    const asker = await newKey({ ageQuestionsAYear: 3 });
    const verification_id = await login(stack, asker, card);
    await stack.sandbox.forgetJlisRequests();
    await answersOf({ verification_id, ages: [18, 20], on: DATES[0]! }, asker);
    // One of two fits: none is asked.
    expect(await codeOf({ verification_id, ages: [18, 20], on: DATES[1]! }, asker)).toEqual([422, 'age_probe_refused']);
    expect(await jlisQuestions()).toBe(2);
    await answersOf({ verification_id, ages: [18], on: DATES[1]! }, asker);
    expect(await codeOf({ verification_id, ages: [0], on: DATES[1]! }, asker)).toEqual([422, 'age_probe_refused']);
    // Again, by another login: the answers of the day, and J-LIS is not asked.
    const again = await login(stack, asker, card);
    expect(await answersOf({ verification_id: again, ages: [20, 18], on: DATES[0]! }, asker)).toEqual(['no', 'no']);
    expect(await jlisQuestions()).toBe(3);
  });

  it('are refused when they come all at once: no more are asked and answered than the cap', async () => {
    const asker = await newKey({ ageQuestionsAYear: 2 });
    const proofs = await Promise.all(Array.from({ length: 4 }, () => login(stack, asker, card)));
    await stack.sandbox.forgetJlisRequests();
    const all = await Promise.all(
      proofs.flatMap((verification_id, index) =>
        [0, 18, 20, 130].map((age) => ask({ verification_id, ages: [age], on: DATES[index]! }, { asker })),
      ),
    );
    const statuses = all.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(2);
    expect(statuses.filter((status) => status === 422)).toHaveLength(14);
    expect(await jlisQuestions()).toBe(2);
  });

  it('count for each person and tenant by themselves', async () => {
    const [asker, other] = [await newKey({ ageQuestionsAYear: 1 }), await newKey({ ageQuestionsAYear: 1 })];
    const mate = await stack.sandbox.issue({ birth_date: '420100101' });
    await stack.refresh();
    await answersOf({ verification_id: await login(stack, asker, card), ages: [18] }, asker);
    await answersOf({ verification_id: await login(stack, asker, mate), ages: [18] }, asker);
    await answersOf({ verification_id: await login(stack, other, card), ages: [18] }, other);
    expect(await codeOf({ verification_id: await login(stack, asker, card), ages: [20] }, asker)).toEqual([
      422,
      'age_probe_refused',
    ]);
  });

  it('count over both certificates once they are known to be of one person', async () => {
    const asker = await newKey({ ageQuestionsAYear: 2 });
    const [signed, loggedIn] = [await signedBy(stack, asker, { card }), await login(stack, asker, card)];
    await answersOf({ verification_id: signed, ages: [18], on: DATES[0]! }, asker);
    await answersOf({ verification_id: loggedIn, ages: [18], on: DATES[1]! }, asker);
    await answersOf({ verification_id: loggedIn, ages: [18], on: DATES[2]! }, asker);
    await joinCertificates([signed, loggedIn]);
    for (const verification_id of [signed, loggedIn]) {
      expect(await codeOf({ verification_id, ages: [20], on: DATES[3]! }, asker)).toEqual([422, 'age_probe_refused']);
      await answersOf({ verification_id, ages: [18], on: DATES[1]! }, asker);
    }
  });

  it.each([
    ['an age that is not in the contract', { ages: [19] }, 'age_not_allowed'],
    ['two of which one is not in it', { ages: [18, 21] }, 'age_not_allowed'],
    ['a day that is not in the contract', { ages: [18], on: '2018-05-02' }, 'age_date_not_allowed'],
    ['yesterday', { ages: [18], on: japanDay(Date.now() - 86_400_000) }, 'age_date_not_allowed'],
    ['tomorrow', { ages: [18], on: japanDay(Date.now() + 86_400_000) }, 'age_date_not_allowed'],
  ])('about %s are refused', async (_what, question, code) => {
    expect(await codeOf({ verification_id: await login(stack, key, card), ...question })).toEqual([422, code]);
  });

  it('that the contract does not allow leave the challenge and the meter alone', async () => {
    const asker = await newKey();
    const authentication = await answeredChallenge(stack, asker, card);
    expect(await codeOf({ authentication, ages: [19] }, asker)).toEqual([422, 'age_not_allowed']);
    expect(await usage(asker)).toEqual([]);
    await answersOf({ authentication, ages: [20] }, asker);
  });
});

describe('422: a proof', () => {
  it('of another tenant, of the other mode, and one that never was are the same proof_unknown', async () => {
    const other = await newKey();
    for (const verification_id of [
      await login(stack, other, card),
      'ver_0193f0c0000070008000000000000000',
      'chl_0193f0c0000070008000000000000000',
      'nonsense',
    ])
      expect(await codeOf({ verification_id, ages: [18] })).toEqual([422, 'proof_unknown']);
  });

  it('older than ten minutes is proof_expired', async () => {
    const verification_id = await login(stack, key, card);
    await stack.moveClock('+601s');
    try {
      expect(await codeOf({ verification_id, ages: [18] })).toEqual([422, 'proof_expired']);
    } finally {
      await stack.moveClock('0');
    }
  });

  it('by a revoked certificate is proof_unsuccessful, named and inline, and J-LIS is asked nothing', async () => {
    const body = await answeredChallenge(stack, key, 'on-hold');
    const { data } = await key.client.POST('/v1/authentications', { body });
    await stack.sandbox.forgetJlisRequests();
    expect(await codeOf({ verification_id: data!.id, ages: [18] })).toEqual([422, 'proof_unsuccessful']);
    const authentication = await answeredChallenge(stack, key, 'on-hold');
    const inline = await ask({ authentication, ages: [18] });
    expect(inline.problem).toMatchObject({
      code: 'proof_unsuccessful',
      verification_id: expect.stringMatching(/^ver_/),
    });
    expect(await jlisQuestions()).toBe(0);
  });
});

describe('400 and 403', () => {
  it.each([
    ['an age of -1', { ages: [-1] }],
    ['an age of 500', { ages: [500] }],
    ['half a year', { ages: [18.5] }],
    ['three ages', { ages: [0, 18, 20] }],
    ['no age', { ages: [] }],
    ['the same age twice', { ages: [18, 18] }],
    ['a day that does not exist', { ages: [18], on: '2026-02-30' }],
    ['a time instead of a day', { ages: [18], on: '2026-02-28T00:00:00Z' }],
    ['a serial number', { ages: [18], serial: '200000001' }],
  ])('%s is request_invalid', async (_what, change) => {
    const body = JSON.stringify({ verification_id: 'ver_0193f0c0000070008000000000000000', ...change });
    const answer = await stack.send('POST', '/v1/age-checks', { key, body });
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });

  it('both proofs at once, or none, are request_invalid', async () => {
    const authentication = await answeredChallenge(stack, key, card);
    for (const proof of [{ authentication, verification_id: 'ver_0193f0c0000070008000000000000000' }, {}])
      expect(await codeOf({ ...proof, ages: [18] })).toEqual([400, 'request_invalid']);
  });

  it('without the feature, without the scope, and without the scope for logins', async () => {
    const none = await newKey({ allowedAges: [] });
    const tenantId = await stack.newTenant();
    await stack.setContract(tenantId, TERMS);
    const reader = await stack.newKey({ tenantId, scopes: ['persons:read', 'authentications:write'] });
    const writer = await stack.newKey({ tenantId, scopes: ['persons:write'] });
    const authentication = await answeredChallenge(stack, reader, card);
    const verification_id = await login(stack, reader, card);
    expect(await codeOf({ verification_id: await login(stack, none, card), ages: [18] }, none)).toEqual([
      403,
      'feature_not_contracted',
    ]);
    expect(await codeOf({ verification_id, ages: [18] }, reader)).toEqual([403, 'scope_missing']);
    expect(await codeOf({ authentication, ages: [18] }, writer)).toEqual([403, 'scope_missing']);
    expect(await answersOf({ verification_id, ages: [18] }, writer)).toEqual(['yes']);
  });
});

describe('503: a J-LIS that gives no usable answer', () => {
  it('leaves nothing behind, counts no question, and the repeated request converges', async () => {
    const asker = await newKey({ ageQuestionsAYear: 2 });
    const authentication = await answeredChallenge(stack, asker, card);
    const body = { authentication, ages: [18, 20] };
    const send = () => ask(body, { asker, idempotencyKey: 'age-3' });
    await stack.sandbox.jlisFault('age_checks', 'garbage');
    const failed = await send();
    expect([failed.status, failed.problem['code'], failed.problem['detail']]).toEqual([
      503,
      'jlis_unavailable',
      'answer_malformed',
    ]);
    expect(await usage(asker)).toHaveLength(1);
    for (const table of ['age_check', 'age_question'])
      expect(
        (
          await stack.owner.query(
            `select 1 from ${table} where tenant_id = (select tenant_id from api_key where id = $1)`,
            [asker.id],
          )
        ).rows,
      ).toEqual([]);
    await stack.sandbox.jlisFault('age_checks', 'none');
    const done = await send();
    expect([done.status, done.replayed, done.check.answers.map(({ answer }) => answer)]).toEqual([
      201,
      false,
      ['yes', 'yes'],
    ]);
    expect(`ver_${uuidOf(done.check.verification_id).replaceAll('-', '')}`).toBe(failed.problem['verification_id']);
    expect(await usage(asker)).toHaveLength(1);
    expect(await send()).toEqual({ ...done, replayed: true });
  });

  it('in the middle of two questions tells neither and counts neither', async () => {
    const asker = await newKey({ ageQuestionsAYear: 2 });
    const verification_id = await login(stack, asker, card);
    await answersOf({ verification_id, ages: [18], on: DATES[0]! }, asker);
    await stack.sandbox.jlisFault('age_checks', 'internal_error');
    expect(await codeOf({ verification_id, ages: [20], on: DATES[0]! }, asker)).toEqual([503, 'jlis_unavailable']);
    await stack.sandbox.jlisFault('age_checks', 'none');
    await answersOf({ verification_id, ages: [130], on: DATES[0]! }, asker);
    expect(await codeOf({ verification_id, ages: [20], on: DATES[0]! }, asker)).toEqual([422, 'age_probe_refused']);
  });
});

/** Makes the certificates of these checks those of one person, as a counterpart lookup does. */
async function joinCertificates(verifications: readonly string[]): Promise<void> {
  const person = crypto.randomUUID();
  const { rows } = await stack.owner.query<{ tenant_id: string; tenant_key_id: string }>(
    `select tenant_id, tenant_key_id from verification where id = $1`,
    [uuidOf(verifications[0]!)],
  );
  const { tenant_id, tenant_key_id } = rows[0]!;
  await stack.owner.query(`insert into person (tenant_id, mode, id, created_at) values ($1, 'test', $2, now())`, [
    tenant_id,
    person,
  ]);
  for (const id of verifications)
    await stack.owner.query(
      `insert into person_certificate (tenant_id, mode, id, person_id, kind, certificate_hash, provenance, tenant_key_id,
         sealed, first_seen_at, presented_at)
       select tenant_id, mode, gen_random_uuid(), $2, certificate_kind, certificate_hash, 'presented', $3, '\\x00', now(), now()
       from verification where id = $1`,
      [uuidOf(id), person, tenant_key_id],
    );
}
