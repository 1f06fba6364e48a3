import { expect } from '@jest/globals';
import { createShomeiClient, type Schemas, type ShomeiClient } from '#lib/api-client';
import { SandboxClient } from './card.js';
import { signUp } from './login.js';
import { eventually, type Story } from './story.js';

const DAY_MS = 86_400_000;
const PATIENCE_MS = 120_000;

type Sweep = Schemas['StatusSweep'];

/** Somebody who asks about a town's people. */
export interface Asker {
  id: string;
  client: ShomeiClient;
}

/** People with cards, a clock for J-LIS and the platform, and tenants who ask about them. */
export class Town {
  readonly sandbox: SandboxClient;
  /** Of test time. */
  offsetMs = 0;
  /** Of the platform's clock from J-LIS's. */
  private besideMs = 0;
  readonly cards = new Map<string, string>();
  /** Persons by name, as the tenant they signed up at knows them. */
  readonly persons = new Map<string, string>();

  constructor(private readonly story: Story) {
    this.sandbox = new SandboxClient(story.stack.urls.sandbox);
  }

  now(): number {
    return Date.now() + this.offsetMs;
  }

  async newTenant(name: string): Promise<Asker> {
    const { story } = this;
    const { tenant_id: id } = JSON.parse(await story.operator(`tenant create --name ${name}`)) as { tenant_id: string };
    const terms = ['identify', 'counterpart', 'change_events'].map((term) => `--term ${term}=on`).join(' ');
    await story.operator(`contract set --tenant ${id} --mode test ${terms}`);
    const made = await story.operator(`api-key create --tenant ${id} --mode test --name story`);
    const { api_key: apiKey } = JSON.parse(made) as { api_key: string };
    return { id, client: createShomeiClient({ baseUrl: story.stack.urls.api, apiKey }) };
  }

  /** The tenant that every installation for trying out has. */
  demoTenant(): Asker {
    const { stack, tenantId: id, apiKey } = this.story;
    return { id, client: createShomeiClient({ baseUrl: stack.urls.api, apiKey }) };
  }

  /** Somebody gets a card and signs up with it; both certificates are known then. */
  async settle(asker: Asker, name: string, facts: Record<string, unknown> = {}): Promise<void> {
    const card = await this.sandbox.issue({ not_before: new Date(this.now() - DAY_MS).toISOString(), ...facts });
    this.cards.set(name, card);
    this.persons.set(name, await this.signUp(asker, name));
  }

  /** With the sign certificate that the card has now. @returns whose it is */
  async signUp(asker: Asker, name: string): Promise<string> {
    const consent = {
      text_version: 'story-1',
      given_at: new Date(this.now() - 60_000).toISOString(),
      covers: ['jlis_use' as const, 'obtain_counterpart' as const],
    };
    // The API may still be loading the lists.
    const signed = await eventually(
      () => signUp(this, asker, this.cards.get(name)!, { counterpart: true, consent }),
      ({ outcome }) => outcome === 'valid',
      PATIENCE_MS,
    );
    expect(signed.counterpart).toMatchObject({ state: 'found' });
    return signed.person!.id!;
  }

  async revoke(name: string, reason: string, ...kinds: ('sign' | 'auth')[]): Promise<void> {
    for (const kind of kinds) await this.sandbox.revoke(this.cards.get(name)!, kind, reason);
  }

  /** Time goes on for J-LIS and for the platform, and the lists with it. */
  async pass(days: number): Promise<void> {
    this.offsetMs += days * DAY_MS;
    await this.sandbox.moveClock(this.offsetMs);
    await this.setClock();
    await this.story.refresh();
  }

  /** The platform's clock alone, that many days beside J-LIS's. */
  async setClock(besideDays = 0): Promise<void> {
    const offsetMs = this.offsetMs + besideDays * DAY_MS;
    const sign = offsetMs < 0 ? '-' : '+';
    await this.story.operator(`clock set --offset ${sign}${Math.round(Math.abs(offsetMs) / 1000)}s`);
    const isSet = ({ now }: { now: string }): boolean => Math.abs(Date.parse(now) - Date.now() - offsetMs) < 5_000;
    expect(isSet(await eventually(() => this.story.me(), isSet))).toBe(true);
    this.besideMs = besideDays * DAY_MS;
  }

  /** A sweep that the worker began by the clock as it was set last; it notices within half a second. */
  async sweepOfNow(asker: Asker): Promise<Sweep> {
    const isOfNow = ({ checked_at: at }: Sweep): boolean =>
      Math.abs(Date.parse(at!) - this.now() - this.besideMs) < PATIENCE_MS;
    const sweep = await eventually(async () => ended(asker, await orderSweep(asker)), isOfNow, PATIENCE_MS);
    expect(isOfNow(sweep)).toBe(true);
    return sweep;
  }
}

/** Whom events of a type are about, in their order. */
export async function told({ client }: Asker, types: string): Promise<string[]> {
  const { data } = await client.GET('/v1/events', { params: { query: { types, limit: 100 } } });
  return data!.data.map((event) => event.data.person_id!);
}
export async function awaitTold(asker: Asker, types: string, count: number): Promise<void> {
  const ids = await eventually(
    () => told(asker, types),
    (found) => found.length >= count,
    PATIENCE_MS,
  );
  expect(ids).toHaveLength(count);
}

/** Every event, read page by page. */
export async function allEvents({ client }: Asker): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  for (let more = true; more;) {
    const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
    const { data } = await client.GET('/v1/events', { params: { query } });
    ids.push(...data!.data.map(({ id }) => id));
    cursor = data!.next_cursor ?? undefined;
    more = data!.has_more;
  }
  return ids;
}

export async function orderSweep(
  { client }: Asker,
  certificates: 'auth' | 'both' = 'both',
  selection: Schemas['StatusSweepRequest']['selection'] = { kind: 'all' },
): Promise<string> {
  const body = { selection, certificates };
  const { data, response } = await client.POST('/v1/status-sweeps', { body });
  expect(response.status).toBe(201);
  return (data as Sweep).id;
}
export const getSweep = async ({ client }: Asker, id: string): Promise<Sweep> =>
  (await client.GET('/v1/status-sweeps/{id}', { params: { path: { id } } })).data!;
export const ended = (asker: Asker, id: string): Promise<Sweep> =>
  eventually(
    () => getSweep(asker, id),
    ({ ended_at }) => ended_at !== null,
    PATIENCE_MS,
  );
/** A sweep once it has done more than that many. */
export const beyond = (asker: Asker, id: string, done: number): Promise<Sweep> =>
  eventually(
    () => getSweep(asker, id),
    ({ progress }) => progress.done > done,
    PATIENCE_MS,
  );
/** What a sweep has found, conclusions by person. */
export async function conclusions({ client }: Asker, id: string): Promise<Map<string, string>> {
  const query = { limit: 1_000 };
  const { data } = await client.GET('/v1/status-sweeps/{id}/results', { params: { path: { id }, query } });
  return new Map(data!.data.map(({ person_id, conclusion }) => [person_id, conclusion]));
}
