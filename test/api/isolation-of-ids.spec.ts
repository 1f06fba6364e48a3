import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SCOPES } from '#lib/tenancy';
import { ApiStack, type RawAnswer } from '../support/api.js';
import { idFields, type OpenApi } from '../support/id-fields.js';
import {
  closeItsMonth,
  entitledTenant,
  liveAsker,
  makeFixtures,
  testAsker,
  type Asker,
  type Fixture,
} from '../support/named-things.js';
import { logIn } from '../support/login.js';

const document = JSON.parse(
  readFileSync(new URL('../../docs/openapi/api.json', import.meta.url), 'utf8'),
) as unknown as OpenApi;
const FIELDS = idFields(document);

let stack: ApiStack;
let owner: Asker;
let stranger: Asker;
let otherMode: Asker;
let fixtures: Record<string, Fixture>;

beforeAll(async () => {
  stack = await ApiStack.start({ settings: { WEBHOOK_TEST_LOOPBACK: 'true' } });
  const tenantId = await entitledTenant(stack);
  const key = await stack.newKey({ tenantId, scopes: SCOPES });
  const { person } = await logIn(stack, key, await stack.sandbox.issue());
  owner = { key, person: person!.id! };
  const billed = await closeItsMonth(stack, tenantId, key);
  stranger = await testAsker(stack);
  otherMode = await liveAsker(stack, tenantId);
  fixtures = await makeFixtures(stack, tenantId, owner, billed);
}, 600_000);
afterAll(() => stack.stop());

async function answerTo({ request }: Fixture, asker: Asker, id: string): Promise<RawAnswer> {
  const { method, path, body } = request(id, asker);
  return stack.send(method, path, {
    key: asker.key,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** What an asker learns from an answer: all of it but the marks of the request itself and the id that was sent. */
function learnt({ status, text, headers }: RawAnswer, sent: string): unknown {
  // A line's number is no mark that could be told apart in a text.
  const told = (sent.includes('_') ? text.replaceAll(sent, 'SENT') : text)
    .replaceAll(/(req|atu)_[0-9a-f]{32}/g, '$1')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
  return { status, told, type: headers.get('content-type'), replayed: headers.get('idempotent-replayed') };
}

/** An id of the same form that was never made: the thing's neighbour. */
const neverMade = (id: string): string => id.slice(0, -1) + (id.endsWith('0') ? '1' : '0');

/** Where nothing is refused, the answer is about nobody: an empty list, or the state of a person that is not known. */
const ANSWERS_200 = /^GET .* query (target|request_id|person_id)$/;
const ANSWERS_201 = 'POST /v1/attribute-updates body person_ids';
/** What is named by its address is not there; what a body or a query names may also be refused as unknown. */
const allowedStatus = (field: string): number[] => {
  if (ANSWERS_200.test(field)) return [200];
  if (field === ANSWERS_201) return [201];
  return / path \w+$/.test(field) ? [404] : [404, 422];
};

/** Places of a description at which no request is tried here. */
const untried = (described: OpenApi): string[] => idFields(described).filter((field) => !fixtures[field]);

describe('404, 422: every id that a request can name', () => {
  it('has a fixture here: an endpoint added later is tried too', () => {
    expect(Object.keys(fixtures).sort()).toEqual(FIELDS);
    expect(untried(document)).toEqual([]);
  });

  it('is noticed when it comes with a new endpoint, in its address, query or body, and is not tried', () => {
    const id = { in: 'path', name: 'id' };
    const schema = {
      properties: { certificate_id: {}, more: { items: { $ref: '#/components/schemas/Planted' } } },
    };
    const planted: OpenApi = {
      paths: {
        ...document.paths,
        '/v1/planted/{id}': { get: { parameters: [id] }, post: { parameters: [id] } },
        '/v1/planted': {
          get: { parameters: [{ in: 'query', name: 'planted_id' }] },
          post: { requestBody: { content: { 'application/json': { schema } } } },
        },
      },
      components: { schemas: { ...document.components.schemas, Planted: { properties: { event_ids: {} } } } },
    };
    expect(untried(planted)).toEqual([
      'GET /v1/planted query planted_id',
      'GET /v1/planted/{id} path id',
      'POST /v1/planted body certificate_id',
      'POST /v1/planted body more.event_ids',
      'POST /v1/planted/{id} path id',
    ]);
  });

  it.each(FIELDS)(
    "%s: of another tenant and of the tenant's other mode is as one that was never made",
    async (field) => {
      const fixture = fixtures[field]!;
      for (const asker of [stranger, otherMode]) {
        const [theirs, never] = [fixture.id, neverMade(fixture.id)];
        const foreign = await answerTo(fixture, asker, theirs);
        expect(learnt(foreign, theirs)).toEqual(learnt(await answerTo(fixture, asker, never), never));
        expect(allowedStatus(field)).toContain(foreign.status);
      }
    },
  );

  it('is told to its owner, or the comparison above would show nothing', async () => {
    // In the order of the fixtures: deleting comes last.
    for (const [field, fixture] of Object.entries(fixtures)) {
      const never = neverMade(fixture.id);
      const own = learnt(await answerTo(fixture, owner, fixture.id), fixture.id);
      expect({ field, own }).not.toEqual({ field, own: learnt(await answerTo(fixture, owner, never), never) });
    }
  });
});
