import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createShomeiClient, type ShomeiClient } from '#lib/api-client';
import { base64, rawBody, SandboxClient } from '../support/card.js';
import { logIn, signUp } from '../support/login.js';
import { eventually, Story } from '../support/story.js';
import type { Verification } from '../support/verification.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let story: Story;
let sandbox: SandboxClient;
let bank: { client: ShomeiClient };
let insurer: { client: ShomeiClient };
/** The offset of test time, which only goes forward: a list of tomorrow is no list for today. */
let offsetMs = 0;

beforeAll(async () => {
  story = await Story.begin({ throwaway: true, environment: { worker: { JLIS_WITHDRAWALS_SECONDS: '2' } } });
  sandbox = new SandboxClient(story.stack.urls.sandbox);
  bank = asker(story.apiKey);
  const { tenant_id } = JSON.parse(await story.operator('tenant create --name 見本保険')) as { tenant_id: string };
  await story.operator(`contract set --tenant ${tenant_id} --mode test --term identify=on --term counterpart=on`);
  const { api_key } = JSON.parse(
    await story.operator(`api-key create --tenant ${tenant_id} --mode test --name story`),
  ) as { api_key: string };
  insurer = asker(api_key);
}, 180_000);
afterAll(() => story?.end());

const asker = (apiKey: string) => ({ client: createShomeiClient({ baseUrl: story.stack.urls.api, apiKey }) });
const now = (): number => Date.now() + offsetMs;

/** Time goes on for J-LIS and for the platform, and the lists with it. */
async function pass(ms: number): Promise<void> {
  offsetMs += ms;
  await sandbox.moveClock(offsetMs);
  await story.operator(`clock set --offset +${Math.round(offsetMs / 1000)}s`);
  await story.refresh();
  await eventually(
    () => story.me(),
    ({ now: told }) => Math.abs(Date.parse(told) - now()) < 5_000,
  );
}

const consent = () => ({
  text_version: 'story-1',
  given_at: new Date(now() - 60_000).toISOString(),
  covers: ['jlis_use' as const, 'obtain_previous_serial' as const, 'obtain_counterpart' as const],
});
const read = async (id: string): Promise<Verification> =>
  (await bank.client.GET('/v1/verifications/{id}', { params: { path: { id } } })).data!;
const linkage = async (id: string) =>
  (await bank.client.GET('/v1/serial-linkages/{id}', { params: { path: { id } } })).data!;
/** The lists may be a moment behind: a login is tried until it is decided. */
const loginOf = (card: string, change: Parameters<typeof logIn>[3] = {}, key = bank): Promise<Verification> =>
  eventually(
    () => logIn({ sandbox }, key, card, change),
    ({ outcome }) => outcome === 'valid',
  );
async function events(type: 'linkage.resolved' | 'person.merged' | 'consent.withdrawn') {
  const { data } = await bank.client.GET('/v1/events', { params: { query: { types: type, limit: 100 } } });
  return data!.data.map((event) => event.data);
}
/** A card issued a day ago, whose certificates J-LIS can connect. */
const card = (): Promise<string> => sandbox.issue({ not_before: new Date(now() - DAY_MS).toISOString() });

describe('a customer, over the years', () => {
  let ours: string;
  let signedUp: Verification;
  let thrice: string;
  let thriceAtFirst: Verification;

  it('signs up with the sign certificate and is known by the auth certificate too', async () => {
    ours = await card();
    await story.refresh();
    signedUp = await eventually(
      () => signUp({ sandbox }, bank, ours, { counterpart: true, consent: consent() }),
      ({ outcome }) => outcome === 'valid',
    );
    expect(signedUp.counterpart).toMatchObject({ state: 'found', source: 'jlis' });
    const login = await loginOf(ours);
    expect(login.person).toMatchObject({ id: signedUp.person!.id, new: false });
    expect(login.person!.status).not.toBeNull();
  }, 60_000);

  it('is somebody unrelated to another tenant', async () => {
    const theirs = await loginOf(ours, {}, insurer);
    expect(theirs.person).toMatchObject({ state: 'identified', new: true });
    expect(theirs.person!.id).not.toBe(signedUp.person!.id);
    const { response } = await insurer.client.GET('/v1/persons/{id}', {
      params: { path: { id: signedUp.person!.id! } },
    });
    expect(response.status).toBe(404);
    thrice = await card();
    thriceAtFirst = await loginOf(thrice);
  }, 60_000);

  it('renews the card and is linked when J-LIS can, whatever happens to the worker meanwhile', async () => {
    const fresh = await card();
    const before = await loginOf(fresh);
    await sandbox.renew(fresh);
    const login = await loginOf(fresh, { consent: consent() });
    expect(login.person).toMatchObject({ state: 'identified', new: true });
    expect(login.linkage).toMatchObject({ state: 'pending', detail: 'not_yet_linkable' });
    const merged = (await events('person.merged')).length;

    // Killed while J-LIS takes its time to answer: the attempt is lost, the linkage is not.
    await sandbox.jlisFault('serial_linkages', 'slow', { delay_ms: 8_000, times: 1 });
    await pass(2 * HOUR_MS);
    const attempts = async (): Promise<number> => (await linkage(login.linkage!.id)).attempts;
    expect(await eventually(attempts, (made) => made === 2, 30_000)).toBe(2);
    await story.stack.worker.kill();
    await story.stack.worker.start();
    expect(await linkage(login.linkage!.id)).toMatchObject({ state: 'pending', attempts: 2 });

    await pass(HOUR_MS);
    const resolved = await eventually(
      () => linkage(login.linkage!.id),
      ({ state }) => state !== 'pending',
      60_000,
    );
    expect(resolved).toMatchObject({ state: 'linked', person_id: before.person!.id, attempts: 3 });
    expect((await read(login.id)).person).toMatchObject({ merged_into: before.person!.id });
    expect((await loginOf(fresh)).person).toMatchObject({ id: before.person!.id });
    await sleep(6_000);
    const told = await events('linkage.resolved');
    expect(told.filter(({ serial_linkage_id }) => serial_linkage_id === resolved.id)).toHaveLength(1);
    expect(await events('person.merged')).toHaveLength(merged + 1);
  }, 180_000);

  it('comes back after almost five years with a new card and is the same person', async () => {
    await pass(1_700 * DAY_MS);
    await sandbox.renew(ours);
    for (let time = 0; time < 3; time++) await sandbox.renew(thrice);
    await pass(3 * HOUR_MS);
    const login = await loginOf(ours, { consent: consent() });
    expect(login.linkage).toMatchObject({ state: 'linked', source: 'jlis' });
    expect(login.person).toMatchObject({ id: signedUp.person!.id, new: false });
    const metered = await story.rows<{ purpose: string; meter: string }>(
      `select meter, purpose from usage_event where verification_id = $1`,
      [uuidOf(login.id)],
    );
    expect(metered).toEqual([{ meter: 'auth_check', purpose: 'authentication' }]);
  }, 120_000);

  it('after three renewals is known only where J-LIS follows them', async () => {
    const login = await loginOf(thrice, { consent: consent() });
    expect(login.linkage).toMatchObject({ state: 'not_found', detail: 'no_known_previous', next_step: 're_enrol' });
    expect(login.person!.id).not.toBe(thriceAtFirst.person!.id);
    await sandbox.chainLinkages(true);
    const { data } = await bank.client.POST('/v1/serial-linkages', {
      body: { verification_id: login.id, consent: consent() },
    });
    expect(data).toMatchObject({ state: 'linked', person_id: thriceAtFirst.person!.id });
    expect((await loginOf(thrice)).person).toMatchObject({ id: thriceAtFirst.person!.id });
    const { data: certificates } = await bank.client.GET('/v1/persons/{id}/certificates', {
      params: { path: { id: thriceAtFirst.person!.id! } },
    });
    // The two between the first and the last are told to nobody.
    expect(JSON.stringify(certificates).match(/crt_/g)).toHaveLength(2);
    await sandbox.chainLinkages(false);
  }, 60_000);

  it('withdraws a consent at J-LIS, and the tenant is told', async () => {
    const content = base64('最新の利用者情報の提供に同意します。');
    const body = {
      ...(await rawBody(sandbox, { card: ours, text: '最新の利用者情報の提供に同意します。' })),
      identify: true,
    };
    const { data: signed } = await bank.client.POST('/v1/signature-verifications', { body });
    expect([signed!.outcome, signed!.person!.id]).toEqual(['valid', expect.any(String)]);
    const { data: given, error } = await bank.client.POST('/v1/consents', {
      body: {
        person_id: signed!.person!.id!,
        purpose: 'latest_attributes',
        text_version: 'story-1',
        given_at: new Date(now() - 60_000).toISOString(),
        covers: ['jlis_use', 'obtain_latest_attributes'],
        evidence: { verification_id: signed!.id, document: content },
      },
    });
    expect(error).toBeUndefined();
    expect(await sandbox.withdrawConsents(ours)).toHaveLength(1);
    const path = { params: { path: { id: given!.id } } };
    const withdrawn = await eventually(
      async () => (await bank.client.GET('/v1/consents/{id}', path)).data!.withdrawal,
      (withdrawal) => withdrawal !== null,
      30_000,
    );
    expect(withdrawn).toMatchObject({ source: 'jlis' });
    expect(await events('consent.withdrawn')).toEqual([expect.objectContaining({ consent_id: given!.id })]);
  }, 60_000);

  it('is deleted, and a later sight is severed, also after another renewal', async () => {
    const { response } = await bank.client.DELETE('/v1/persons/{id}', {
      params: { path: { id: signedUp.person!.id! } },
    });
    expect(response.ok).toBe(true);
    expect((await loginOf(ours)).person).toMatchObject({ state: 'severed', id: null });
    const { response: hidden } = await bank.client.GET('/v1/verifications/{id}', {
      params: { path: { id: signedUp.id } },
    });
    expect(hidden.status).toBe(404);
    await sandbox.renew(ours);
    await pass(2 * HOUR_MS);
    const renewed = await loginOf(ours, { consent: consent() });
    expect(renewed.linkage).toMatchObject({ state: 'severed', next_step: 're_enrol' });
    expect(renewed.person).toMatchObject({ state: 'identified', new: true });
  }, 120_000);
});

const uuidOf = (id: string): string => id.slice(4).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
