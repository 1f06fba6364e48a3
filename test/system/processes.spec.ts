import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Load, notStoredOnce } from '../support/load.js';
import { type Answer, type Body, type Card, eventually, runToEnd, Story } from '../support/story.js';

const ROUNDS = 20;
/** Requests under way when the process is told to stop. */
const SLOW = 20;

describe('several API processes on one database', () => {
  let story: Story;
  let card: Card;
  let signed: Body;
  let apis: [string, string];

  /** The same request to both processes at the same time. */
  const race = (send: (api: string) => Promise<Answer>): Promise<Answer[]> => Promise.all(apis.map(send));

  const count = async (references: string[]): Promise<unknown> =>
    story.rows(
      `select count(distinct v.id)::int as verifications, count(distinct u.id)::int as usage_events
       from verification v left join usage_event u on u.verification_id = v.id where v.reference = any($1)`,
      [references],
    );

  beforeAll(async () => {
    story = await Story.begin();
    card = await story.card();
    signed = await card.sign();
    apis = [story.stack.urls.api, await story.anotherApi()];
    for (const api of apis)
      await eventually(
        () => story.verify(signed, { api }),
        ({ body }) => body.outcome === 'valid',
      );
  }, 120_000);
  afterAll(() => story?.end());

  it('makes one verification of one Idempotency-Key that reaches both at once', async () => {
    const references = Array.from({ length: ROUNDS }, (_, round) => `raced-${round}`);
    for (const reference of references) {
      const answers = await race((api) => story.verify({ ...signed, reference }, { api, idempotencyKey: reference }));
      expect(answers.map(({ status }) => status)).toEqual([201, 201]);
      expect(answers[0]!.body).toEqual(answers[1]!.body);
      expect(answers.filter(({ replayed }) => replayed)).toHaveLength(1);
    }
    expect(await count(references)).toEqual([{ verifications: ROUNDS, usage_events: ROUNDS }]);
  }, 120_000);

  it('lets one answer to a challenge decide when both get one at once', async () => {
    const references = Array.from({ length: ROUNDS }, (_, round) => `challenged-${round}`);
    for (const reference of references) {
      const answer = { ...(await card.answer(await story.challenge())), reference };
      const answers = await race((api) => story.authenticate(answer, { api }));
      const told = answers.map(({ status, body, problem }) => (status === 201 ? body.outcome : problem.code));
      expect(told.sort()).toEqual(['challenge_used', 'valid']);
    }
    expect(await count(references)).toEqual([{ verifications: ROUNDS, usage_events: ROUNDS }]);
  }, 120_000);

  it('refuses a revoked API key within a second everywhere', async () => {
    const made = await story.operator(`api-key create --tenant ${story.tenantId} --mode test --name second`);
    const { api_key, api_key_id } = JSON.parse(made) as { api_key: string; api_key_id: string };
    let using = true;
    const statuses = apis.map(async (api) => {
      // In use all the time, so that each process has just believed it when it is revoked.
      let last = 0;
      while (using) {
        last = (await story.me({ api, apiKey: api_key })).status;
        await sleep(20);
      }
      return last;
    });
    await story.operator(`api-key revoke --id ${api_key_id}`);
    await sleep(950);
    using = false;
    expect(await Promise.all(statuses)).toEqual([401, 401]);
    const late = await race((api) => story.verify(signed, { api, apiKey: api_key }));
    expect(late.map(({ status, problem }) => [status, problem.code])).toEqual([
      [401, 'api_key_invalid'],
      [401, 'api_key_invalid'],
    ]);
  }, 120_000);

  it('answers what it has begun when it is told to stop, and ends with exit code 0', async () => {
    await story.sandbox('PUT', 'faults', { ocsp: { mode: 'slow', delay_ms: 1_500 } });
    await story.sandbox('DELETE', 'requests');
    const load = new Load(story, signed, 'stopped');
    load.start();
    const slow = Promise.all(Array.from({ length: SLOW }, () => story.verify({ ...signed, revocation: 'ocsp' })));
    await eventually(
      () => story.sandbox('GET', 'requests') as Promise<{ ocsp: number }>,
      ({ ocsp }) => ocsp === SLOW,
    );
    const { ended } = story.stack.api;
    await story.stack.api.stop();
    await load.stop();
    await story.sandbox('PUT', 'faults', { ocsp: { mode: 'none' } });

    expect(await ended).toMatchObject({ code: 0 });
    const outcomes = (await slow).map(({ body }) => body.outcome);
    expect(outcomes).toEqual(Array.from({ length: SLOW }, () => 'valid'));
    expect(load.answered.length).toBeGreaterThan(0);
    expect(notStoredOnce(load.answered, await load.stored())).toEqual([]);
    expect(load.unanswered.filter(({ answer }) => answer !== undefined)).toEqual([]);
    await story.stack.api.start();
  }, 120_000);

  it('does not start with a test root among the live anchors, and says in one line which', async () => {
    await story.stack.api.stop();
    // Only the database's owner could do this: the table itself refuses such a row, and any live one without approval.
    await story.rows(
      'alter table trust_anchor drop constraint live_never_trusts_test, drop constraint live_anchor_is_approved, disable trigger guard',
    );
    const planted = await story.rows<{ fingerprint: string }>(
      `insert into trust_anchor (mode, fingerprint, hierarchy, generation, certificate, imported_by)
       select 'live', fingerprint, hierarchy, generation, certificate, 'nobody' from trust_anchor
       where mode = 'test' and hierarchy = 'sign' and generation = '2023'
       returning encode(fingerprint, 'hex') as fingerprint`,
    );
    const failed = await runToEnd('dist/apps/api/src/main.js', {
      ...story.apiEnvironment(story.stack.ports.api),
      LOG_LEVEL: 'error',
    });
    expect(failed).toEqual({
      code: 1,
      out: [],
      err: [`trust anchor ${planted[0]!.fingerprint} in mode live: test_anchor_in_live`],
    });
  }, 120_000);
});
