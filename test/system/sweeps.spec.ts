import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ExampleReceiver } from '../support/example-receiver.js';
import { eventually, Story } from '../support/story.js';
import {
  allEvents,
  type Asker,
  awaitTold,
  beyond,
  conclusions,
  ended,
  getSweep,
  orderSweep,
  told,
  Town,
} from '../support/town.js';

/** Persons without certificates: enough that a sweep of them has a middle. */
const CROWD = 60_000;
const PATIENCE_MS = 120_000;
const TIMEOUT_MS = 300_000;
const CHANGED = 'person.status_changed';
const EXPIRING = 'person.certificate_expiring';

let story: Story;
let town: Town;
let insurer: Asker;
let crowd: Asker;
let receiver: ExampleReceiver;
let endpoint: { id: string; secret: string };

beforeAll(async () => {
  story = await Story.begin();
  receiver = await ExampleReceiver.make();
  town = new Town(story);
  [insurer, crowd] = [await town.newTenant('見本保険'), town.demoTenant()];
  const { data } = await insurer.client.POST('/v1/webhook-endpoints', { body: { url: receiver.url } });
  endpoint = { id: data!.id, secret: data!.secret! };
  // Of all requests half go wrong, a part of them after the event was processed.
  await receiver.start(endpoint.secret, 0.5);
}, TIMEOUT_MS);
afterEach(async () => {
  // A story that failed halfway must not be the next one's fault.
  if (story?.stack.redis?.hasEnded) await story.stack.redis.start();
  if (story?.stack.worker.hasEnded) await story.stack.worker.start();
});
afterAll(async () => {
  await receiver?.remove();
  await story?.end();
});

/** As if the waits between attempts, and the claims of whoever has died, were over. */
const passWaits = (): Promise<unknown> =>
  story.rows(`update webhook_delivery set due_at = '-infinity' where state = 'pending' and due_at > clock_timestamp()`);
const count = async (what: string, values: unknown[] = []): Promise<number> =>
  (await story.rows<{ n: number }>(`select count(*)::int as n from ${what}`, values))[0]!.n;
async function untilDelivered(): Promise<void> {
  const left = await eventually(
    async () => {
      await passWaits();
      return count(`webhook_delivery where state = 'pending'`);
    },
    (n) => n === 0,
    PATIENCE_MS,
  );
  expect(left).toBe(0);
}
/** Events of one statement; gives their public ids. */
async function happen(number: number): Promise<string[]> {
  const rows = await story.rows<{ id: string }>(
    `insert into event (tenant_id, mode, id, type, occurred_at, data)
     select $1::uuid, 'test', gen_random_uuid(), 'person.linked', now(), jsonb_build_object('person_id', gen_random_uuid())
     from generate_series(1, $2) returning id`,
    [insurer.id.slice(4), number],
  );
  return rows.map(({ id }) => `evt_${id.replaceAll('-', '')}`);
}
const each = (ids: readonly string[]): number => new Set(ids).size;

/** What has become of everybody by the end of the year, and how often it was told of. */
const FATES: Record<string, { conclusion: string; told: number }> = {
  stays: { conclusion: 'unchanged', told: 0 },
  moves: { conclusion: 'attributes_changed', told: 1 },
  'moves and signs anew': { conclusion: 'unchanged', told: 1 },
  renews: { conclusion: 'renewed', told: 1 },
  dies: { conclusion: 'death_or_emigration', told: 1 },
  'loses the card': { conclusion: 'card_stopped', told: 1 },
  'moves, then dies': { conclusion: 'death_or_emigration', told: 2 },
  'lets the card run out': { conclusion: 'too_old', told: 0 },
  'is born': { conclusion: 'unchanged', told: 0 },
};
const CHANGES = Object.values(FATES).reduce((sum, fate) => sum + fate.told, 0);
let atYearsEnd: Map<string, string>;

describe('a small town, for a year', () => {
  it(
    'is told of each change once, and at its end the sweep agrees with all that was told',
    async () => {
      const born = 'is born';
      const runsOut = { not_after: new Date(town.now() + 100 * 86_400_000).toISOString() };
      const first = Object.keys(FATES).filter((name) => name !== born);
      await Promise.all(
        first.map((name) => town.settle(insurer, name, name === 'lets the card run out' ? runsOut : {})),
      );
      for (const name of ['moves', 'moves and signs anew', 'moves, then dies'])
        await town.sandbox.move(town.cards.get(name)!, { address: '見本県見本市転入町１番地' });
      await town.pass(60);
      await awaitTold(insurer, CHANGED, 3);
      // Of the certificate that was seen; the end of the other one is not the insurer's to know.
      await awaitTold(insurer, EXPIRING, 1);

      expect(await town.signUp(insurer, 'moves and signs anew')).toBe(town.persons.get('moves and signs anew'));
      await town.settle(insurer, born);
      await town.sandbox.renew(town.cards.get('renews')!);
      await town.revoke('dies', 'affiliationChanged', 'sign', 'auth');
      await town.revoke('loses the card', 'certificateHold', 'sign', 'auth');
      await town.revoke('moves, then dies', 'affiliationChanged', 'auth');
      await town.pass(150);
      await awaitTold(insurer, CHANGED, CHANGES);
      // Nothing new, and a refresh more: nothing is told again.
      await town.pass(155);

      const id = await orderSweep(insurer);
      const people = Object.keys(FATES);
      const sweep = await ended(insurer, id);
      expect(sweep).toMatchObject({ state: 'completed', progress: { done: people.length, total: people.length } });
      const found = await conclusions(insurer, id);
      const events = await told(insurer, CHANGED);
      for (const [name, { conclusion, told: times }] of Object.entries(FATES)) {
        const person = town.persons.get(name)!;
        expect([name, found.get(person), events.filter((of) => of === person).length]).toEqual([
          name,
          conclusion,
          times,
        ]);
      }
      expect(found.size).toBe(people.length);
      expect([events.length, await told(insurer, EXPIRING)]).toEqual([
        CHANGES,
        [town.persons.get('lets the card run out')],
      ]);
      atYearsEnd = found;
    },
    TIMEOUT_MS,
  );

  it(
    'and the receiver that fails half the time has processed each event once',
    async () => {
      await untilDelivered();
      const events = await allEvents(insurer);
      expect(events.length).toBeGreaterThan(CHANGES);
      expect([...receiver.taken()].sort()).toEqual([...events].sort());
      expect(await count('webhook_attempt')).toBeGreaterThan(events.length);
    },
    TIMEOUT_MS,
  );
});

describe('a sweep', () => {
  const undetermined = async (): Promise<void> => {
    const sweep = await town.sweepOfNow(insurer);
    // Certificates past their end are so without asking any list.
    expect(sweep).toMatchObject({ state: 'completed', summary: { undetermined: atYearsEnd.size - 1, too_old: 1 } });
    const asked = `usage_event where source_id = $1::uuid`;
    expect(await count(`${asked} and outcome = 'indeterminate'`, [sweep.id.slice(4)])).toBeGreaterThan(0);
    expect(await count(`${asked} and billable`, [sweep.id.slice(4)])).toBe(0);
  };

  it(
    'says undetermined and bills nothing while the lists are stale, or of the future because the clock was moved back',
    async () => {
      const before = await told(insurer, CHANGED);
      for (const besideDays of [40, -10]) {
        await town.setClock(besideDays);
        await undetermined();
      }
      await town.pass(1);
      expect(await conclusions(insurer, (await town.sweepOfNow(insurer)).id)).toEqual(atYearsEnd);
      expect(await told(insurer, CHANGED)).toEqual(before);
    },
    TIMEOUT_MS,
  );

  const results = async (id: string): Promise<number[]> => {
    const rows = await story.rows<{ all: number; persons: number }>(
      `select count(*)::int as all, count(distinct person_id)::int as persons from status_sweep_result
       where sweep_id = $1::uuid`,
      [id.slice(4)],
    );
    return [rows[0]!.all, rows[0]!.persons];
  };

  it(
    'goes on where it stood when the worker and Redis are killed and lists come in its midst: nobody twice, nobody missed',
    async () => {
      await story.rows(
        `insert into person (tenant_id, mode, id, created_at)
       select $1::uuid, 'test', gen_random_uuid(), now() from generate_series(1, $2::int)`,
        [crowd.id.slice(4), CROWD],
      );
      const id = await orderSweep(crowd);
      const begun = await beyond(crowd, id, 0);
      expect([begun.state, begun.progress.total]).toEqual(['running', CROWD]);
      // Events on their way are interrupted too.
      const interrupted = await happen(150);
      await story.stack.worker.kill();
      const halfway = (await getSweep(crowd, id)).progress.done;
      expect(halfway).toBeLessThan(CROWD);
      expect(await results(id)).toEqual([halfway, halfway]);
      await town.sandbox.issue();
      await story.stack.worker.start();
      await story.refresh();
      await beyond(crowd, id, halfway);
      await story.stack.redis!.kill();
      expect((await getSweep(crowd, id)).state).toBe('running');
      await story.stack.redis!.start();
      const done = await ended(crowd, id);
      expect(done).toMatchObject({ state: 'completed', progress: { done: CROWD }, summary: { nothing_known: CROWD } });
      expect(done.snapshot).toEqual(begun.snapshot);
      expect(await results(id)).toEqual([CROWD, CROWD]);
      await untilDelivered();
      const taken = receiver.taken();
      expect(taken).toEqual(expect.arrayContaining(interrupted));
      expect(each(taken)).toBe(taken.length);
    },
    TIMEOUT_MS,
  );

  it(
    'that is cancelled in its midst has ended, with what it had found by then',
    async () => {
      const id = await orderSweep(crowd, 'auth');
      await beyond(crowd, id, 0);
      const { data } = await crowd.client.POST('/v1/status-sweeps/{id}/cancel', { params: { path: { id } } });
      expect(data!.state).toBe('cancelled');
      const { progress } = await getSweep(crowd, id);
      expect(progress.done).toBeLessThan(CROWD);
      expect(await results(id)).toEqual([progress.done, progress.done]);
      // A later one is worked on, also of as many persons chosen a moment ago: the worker has let go of this one.
      const since = new Date(town.now()).toISOString();
      const later = await orderSweep(crowd, 'auth', { kind: 'not_checked_since', since });
      expect(await ended(crowd, later)).toMatchObject({ state: 'completed', progress: { done: CROWD } });
      expect(await results(id)).toEqual([progress.done, progress.done]);
    },
    TIMEOUT_MS,
  );
});

describe('a customer with a webhook endpoint', () => {
  const health = async () =>
    (await insurer.client.GET('/v1/webhook-endpoints/{id}', { params: { path: { id: endpoint.id } } })).data!;
  const attempts = (): Promise<number> => count('webhook_attempt');

  it(
    'that was down gets everything when it is back, without Redis too',
    async () => {
      await receiver.kill();
      await story.stack.redis!.stop();
      const [before, tried] = [receiver.taken().length, await attempts()];
      const events = await happen(20);
      await eventually(attempts, (n) => n >= tried + 20, PATIENCE_MS);
      expect(await health()).toMatchObject({ enabled: true, failing_since: expect.any(String) });
      await receiver.start(endpoint.secret);
      await untilDelivered();
      expect(receiver.taken().slice(before).sort()).toEqual([...events].sort());
      expect((await health()).failing_since).toBeNull();
      await story.stack.redis!.start();
    },
    TIMEOUT_MS,
  );

  it(
    'that changes its secret during the overlap loses no event, and what another secret refused is sent again by a replay',
    async () => {
      const before = receiver.taken().length;
      const path = { id: endpoint.id };
      const { data: rotated } = await insurer.client.POST('/v1/webhook-endpoints/{id}/rotate-secret', {
        params: { path },
        body: { overlap_hours: 1 },
      });
      const events: string[] = [];
      for (const secret of [endpoint.secret, rotated!.secret!]) {
        await receiver.kill();
        await receiver.start(secret);
        events.push(...(await happen(5)));
        await untilDelivered();
      }
      expect(receiver.taken().slice(before).sort()).toEqual([...events].sort());

      await receiver.kill();
      await receiver.start(`whsec_${Buffer.alloc(32).toString('base64')}`);
      const tried = await attempts();
      const [event] = (await happen(1)) as [string];
      await eventually(attempts, (n) => n > tried, PATIENCE_MS);
      const { data: log } = await insurer.client.GET('/v1/webhook-endpoints/{id}/deliveries/{event_id}', {
        params: { path: { ...path, event_id: event } },
      });
      expect(log!.log[0]).toMatchObject({ status: 401, failure: 'status' });
      await receiver.kill();
      await receiver.start(rotated!.secret!);
      const { data: replay } = await insurer.client.POST('/v1/webhook-endpoints/{id}/replays', {
        params: { path },
        body: { event_id: event },
      });
      expect(replay).toEqual({ events: 1 });
      await untilDelivered();
      expect(receiver.taken().slice(before)).toHaveLength(events.length + 1);
    },
    TIMEOUT_MS,
  );

  it('has at the end what the list of events has, each once', async () => {
    expect([...receiver.taken()].sort()).toEqual([...(await allEvents(insurer))].sort());
  });
});
