import { addPrices, MonthClosing, monthAt } from '#lib/billing';
import { toPublicId } from '#lib/platform';
import { changeContract, SCOPES } from '#lib/tenancy';
import type { ApiStack, TestKey } from './api.js';
import { base64 } from './card.js';
import { InvoiceOffice } from './invoices.js';
import { logIn } from './login.js';
import { planTerms } from './prices.js';
import { answeredChallenge, login, signedDocument } from './proofs.js';
import { connect } from './tenants.js';

/** The asker's own side of a request: what it needs besides the id in question to come as far as the id. */
export interface Asker {
  key: TestKey;
  /** A person of the asker's own. */
  person: string;
}

/** A request that names one thing. */
export interface NamingRequest {
  method: string;
  path: string;
  body?: unknown;
}

/** What a place of a request named by `idFields` can hold, and the request around it. */
export interface Fixture {
  /** A thing of the first tenant. */
  id: string;
  request: (id: string, asker: Asker) => NamingRequest;
}

const TERMS = {
  identify: true,
  counterpart: true,
  latestAttributes: true,
  allowedAges: [18],
} as const;
const GIVEN = { text_version: '1', given_at: '2026-11-20T00:00:00Z' };
const LINKAGE = { purpose: 'serial_linkage', ...GIVEN, covers: ['jlis_use', 'obtain_previous_serial'] } as const;
const LATEST = { purpose: 'latest_attributes', ...GIVEN, covers: ['jlis_use', 'obtain_latest_attributes'] } as const;

/** A tenant whose contract includes everything, in both modes. */
export async function entitledTenant(stack: ApiStack): Promise<string> {
  const tenantId = await stack.newTenant();
  for (const mode of ['test', 'live'] as const)
    await changeContract(stack.operator, { tenantId, mode, change: TERMS, actor: 'operator:test' });
  return tenantId;
}

/** A stranger of test mode, with a person of its own. */
export async function testAsker(stack: ApiStack): Promise<Asker> {
  const key = await stack.newKey({ tenantId: await entitledTenant(stack), scopes: SCOPES });
  const { person } = await logIn(stack, key, await stack.sandbox.issue());
  return { key, person: person!.id! };
}

/** The tenant itself in live mode, which trusts no card here: its person is written as the register would. */
export async function liveAsker(stack: ApiStack, tenantId: string): Promise<Asker> {
  const person = crypto.randomUUID();
  await stack.owner.query(`insert into person (tenant_id, mode, id, created_at) values ($1, 'live', $2, now())`, [
    tenantId,
    person,
  ]);
  return {
    key: await stack.newKey({ tenantId, mode: 'live', scopes: SCOPES }),
    person: `per_${person.replaceAll('-', '')}`,
  };
}

/** A usage event of the only tenant there is, its month closed: the statement it is in, its line, and the invoice. */
export async function closeItsMonth(stack: ApiStack, tenantId: string, { client }: TestKey): Promise<Billed> {
  const month = monthAt(Date.now());
  const row = {
    table: 'price_plan',
    tenant_id: tenantId,
    mode: 'test',
    valid_from: `${month}-01`,
    terms: planTerms(),
  } as const;
  await stack.operator.transaction((manager) => addPrices(manager, { row, actor: 'operator:test' }));
  const [worker, admin] = await Promise.all([stack.databaseUrls.worker, stack.databaseUrls.admin].map(connect));
  const office = await InvoiceOffice.open({ admin: admin!, operator: stack.operator });
  await office.issuer({}, row.valid_from);
  await office.terms(tenantId, {}, row.valid_from);
  let invoice: string;
  try {
    await stack.moveClock('+32d');
    await new MonthClosing(worker!).close('test', month, 'system:worker');
    invoice = toPublicId('inv', (await office.finalize(await office.draft(tenantId, month)))[0]!.id);
  } finally {
    await Promise.all([worker!.destroy(), admin!.destroy()]);
    await stack.moveClock('0');
  }
  const { data: statements } = await client.GET('/v1/statements');
  const { data: events } = await client.GET('/v1/usage-events', { params: { query: { month } } });
  return { statement: statements!.data[0]!.id, event: events!.data[0]!.id, invoice };
}
interface Billed {
  statement: string;
  event: string;
  invoice: string;
}

/** One thing of each kind that requests can name, of the tenant of `owner`. */
export async function makeFixtures(
  stack: ApiStack,
  tenantId: string,
  owner: Asker,
  billed: Billed,
): Promise<Record<string, Fixture>> {
  const { key } = owner;
  const card = await stack.sandbox.issue();
  const { person_id: person, evidence } = await signedDocument(stack, key, card);
  const { person: authPerson } = await logIn(stack, key, card);
  const { data: certificates } = await key.client.GET('/v1/persons/{id}/certificates', at(authPerson!.id!));
  const { data: consent } = await key.client.POST('/v1/consents', {
    body: { person_id: person, ...LINKAGE, covers: [...LINKAGE.covers] },
  });
  const verification_id = await login(stack, key, card);
  const { data: linkage } = await key.client.POST('/v1/serial-linkages', { body: { verification_id } });
  const { data: lookup } = await key.client.POST('/v1/counterpart-lookups', { body: { verification_id } });
  const challenge = await answeredChallenge(stack, key, card);
  const { data: audit } = await key.client.GET('/v1/audit-events', {
    params: { query: { target: evidence.verification_id } },
  });
  const sweeps = await Promise.all([1, 2].map(() => sweepOf(key)));
  const [sweep, running] = sweeps as [string, string];
  // What has ended streams its end alone.
  await key.client.POST('/v1/status-sweeps/{id}/cancel', at(sweep));
  const apiKey = `key_${(await stack.newKey({ tenantId })).id.replaceAll('-', '')}`;
  const requestId = audit!.data[0]!.request_id!;
  const hooks = '/v1/webhook-endpoints';
  const url = 'http://127.0.0.1:9/';
  const { data: endpoint } = await key.client.POST(hooks, { body: { url } });
  const { data: doomed } = await key.client.POST(hooks, { body: { url } });
  const { data: event } = await key.client.POST(`${hooks}/{id}/test`, at(endpoint!.id));

  return {
    ...on('GET', '/v1/verifications/{id}', evidence.verification_id),
    ...on('GET', '/v1/verifications/{id}/evidence', evidence.verification_id),
    ...on('POST', '/v1/verifications/{id}/reverify', evidence.verification_id, { as_of: 'now' }),
    ...on('GET', '/v1/serial-linkages/{id}', linkage!.id),
    ...on('GET', '/v1/counterpart-lookups/{id}', lookup!.id),
    ...on('GET', '/v1/consents/{id}', consent!.id),
    ...on('GET', '/v1/api-keys/{id}', apiKey),
    ...on('POST', '/v1/api-keys/{id}/rotate', apiKey, { overlap_hours: 1 }),
    ...on('POST', '/v1/api-keys/{id}/revoke', apiKey),
    ...on('GET', `${hooks}/{id}`, endpoint!.id),
    ...on('PATCH', `${hooks}/{id}`, endpoint!.id, { description: 'x' }),
    ...on('POST', `${hooks}/{id}/rotate-secret`, endpoint!.id, {}),
    ...on('POST', `${hooks}/{id}/test`, endpoint!.id),
    ...on('GET', `${hooks}/{id}/deliveries`, endpoint!.id),
    ...on('POST', `${hooks}/{id}/replays`, endpoint!.id, { event_id: event!.id }),
    ...deliveryOf(endpoint!.id, event!.id),
    ...on('GET', '/v1/usage-events/{id}', billed.event),
    ...on('GET', '/v1/statements/{id}', billed.statement),
    ...lineOf(billed.statement),
    ...['', '.json', '.csv', '.pdf', '/events.csv'].reduce<Fixtures>(
      (all, ending) => ({ ...all, ...on('GET', `/v1/invoices/{id}${ending}`, billed.invoice) }),
      {},
    ),
    ...replayed(endpoint!.id, event!.id),
    ...on('DELETE', `${hooks}/{id}`, doomed!.id),
    ...on('GET', '/v1/persons/{id}', person),
    ...on('GET', '/v1/persons/{id}/certificates', person),
    ...on('GET', '/v1/persons/{id}/status', person),
    ...on('GET', '/v1/status-sweeps/{id}', sweep),
    ...on('GET', '/v1/status-sweeps/{id}/results', sweep),
    ...on('GET', '/v1/status-sweeps/{id}/results.csv', sweep),
    ...on('GET', '/v1/status-sweeps/{id}/rejections', sweep),
    ...on('GET', '/v1/status-sweeps/{id}/progress', sweep),
    ...on('POST', '/v1/status-sweeps/{id}/cancel', running),
    ...sending('/v1/status-sweeps', 'selection.person_ids', person, (id) => ({
      selection: { kind: 'persons', person_ids: [id] },
      certificates: 'auth',
    })),
    ...asking('/v1/serial-linkages', 'previous', certificates!.data[0]!.id),
    ...asking('/v1/consents', 'person_id', person),
    ...auditQueries('/v1/audit-events', evidence.verification_id, requestId),
    ...auditQueries('/v1/audit-events.csv', evidence.verification_id, requestId),
    ...auditQueries('/v1/audit-events.jsonl', evidence.verification_id, requestId),
    ...sending('/v1/authentications', 'challenge_id', challenge.challenge_id, (id) => ({
      ...challenge,
      challenge_id: id,
    })),
    ...sending('/v1/age-checks', 'authentication.challenge_id', challenge.challenge_id, (id) => ({
      authentication: { ...challenge, challenge_id: id },
      ages: [18],
    })),
    ...sending('/v1/age-checks', 'verification_id', verification_id, (id) => ({ verification_id: id, ages: [18] })),
    ...sending('/v1/serial-linkages', 'verification_id', verification_id, (id) => ({ verification_id: id })),
    ...sending('/v1/counterpart-lookups', 'verification_id', verification_id, (id) => ({ verification_id: id })),
    ...sending('/v1/consents', 'person_id', person, (id) => ({ ...LINKAGE, person_id: id })),
    ...sending('/v1/consents', 'evidence.verification_id', evidence.verification_id, (id, asker) => ({
      ...LATEST,
      person_id: asker.person,
      evidence: { verification_id: id, document: base64('anything') },
    })),
    ...sending('/v1/attribute-updates', 'person_ids', person, (id) => ({ person_ids: [id] })),
    ...on('POST', '/v1/consents/{id}/withdraw', consent!.id),
    // Last: what is deleted cannot be asked about.
    ...on('DELETE', '/v1/persons/{id}', person),
  };
}

async function sweepOf({ client }: TestKey): Promise<string> {
  const body = { selection: { kind: 'all' }, certificates: 'auth' } as const;
  const { data } = await client.POST('/v1/status-sweeps', { body });
  if (!data || !('id' in data)) throw new Error('no sweep was made');
  return data.id;
}

const at = (id: string): { params: { path: { id: string } } } => ({ params: { path: { id } } });

/** Around now, which exports have to say. */
const thisHour = (): Record<string, string> => ({
  recorded_after: new Date(Date.now() - 3_600_000).toISOString(),
  recorded_before: new Date(Date.now() + 3_600_000).toISOString(),
});

type Fixtures = Record<string, Fixture>;

const on = (method: string, path: string, id: string, body?: Record<string, unknown>): Fixtures => ({
  [`${method} ${path} path id`]: {
    id,
    request: (asked) => ({ method, path: path.replace('{id}', asked), ...(body === undefined ? {} : { body }) }),
  },
});

/** A delivery is named by two ids, each tried beside a good other one. */
function deliveryOf(endpoint: string, event: string): Fixtures {
  const path = '/v1/webhook-endpoints/{id}/deliveries/{event_id}';
  const request = (one: string, other: string): NamingRequest => ({
    method: 'GET',
    path: path.replace('{id}', one).replace('{event_id}', other),
  });
  return {
    [`GET ${path} path id`]: { id: endpoint, request: (asked) => request(asked, event) },
    [`GET ${path} path event_id`]: { id: event, request: (asked) => request(endpoint, asked) },
  };
}

/** The first line of a statement, which is named by both. */
function lineOf(statement: string): Fixtures {
  const path = '/v1/statements/{id}/lines/{number}/events';
  const request = (id: string, number: string): NamingRequest => ({
    method: 'GET',
    path: path.replace('{id}', id).replace('{number}', number),
  });
  return {
    [`GET ${path} path id`]: { id: statement, request: (asked) => request(asked, '1') },
    [`GET ${path} path number`]: { id: '1', request: (asked) => request(statement, asked) },
  };
}

/** An event that somebody wants sent to an endpoint of the first tenant. */
const replayed = (endpoint: string, event: string): Fixtures => ({
  'POST /v1/webhook-endpoints/{id}/replays body event_id': {
    id: event,
    request: (asked) => ({
      method: 'POST',
      path: `/v1/webhook-endpoints/${endpoint}/replays`,
      body: { event_id: asked },
    }),
  },
});

const asking = (path: string, name: string, id: string, besides: Record<string, string> = {}): Fixtures => ({
  [`GET ${path} query ${name}`]: {
    id,
    request: (asked) => ({
      method: 'GET',
      path: `${path}?${new URLSearchParams({ ...besides, [name]: asked }).toString()}`,
    }),
  },
});

const auditQueries = (path: string, target: string, requestId: string): Fixtures => ({
  ...asking(path, 'target', target, thisHour()),
  ...asking(path, 'request_id', requestId, thisHour()),
});

const sending = (
  path: string,
  name: string,
  id: string,
  body: (id: string, asker: Asker) => Record<string, unknown>,
): Fixtures => ({
  [`POST ${path} body ${name}`]: {
    id,
    request: (asked, asker) => ({ method: 'POST', path, body: body(asked, asker) }),
  },
});
