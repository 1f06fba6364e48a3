import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SCOPES } from '#lib/tenancy';
import { ApiStack, type RawAnswer } from '../support/api.js';
import { idFields, type OpenApi } from '../support/id-fields.js';
import {
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
  stack = await ApiStack.start();
  const tenantId = await entitledTenant(stack);
  const key = await stack.newKey({ tenantId, scopes: SCOPES });
  const { person } = await logIn(stack, key, await stack.sandbox.issue());
  owner = { key, person: person!.id! };
  stranger = await testAsker(stack);
  otherMode = await liveAsker(stack, tenantId);
  fixtures = await makeFixtures(stack, tenantId, owner);
}, 120_000);
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
  const told = text
    .replaceAll(sent, 'SENT')
    .replaceAll(/(req|atu)_[0-9a-f]{32}/g, '$1')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
  return { status, told, type: headers.get('content-type'), replayed: headers.get('idempotent-replayed') };
}

/** An id of the same form that was never made: the thing's neighbour. */
const neverMade = (id: string): string => id.slice(0, -1) + (id.endsWith('0') ? '1' : '0');

/** Where nothing is refused, the answer is about nobody: an empty list, or the state of a person that is not known. */
const ANSWERS_200 = /^GET .* query (target|request_id|person_id)$/;
const ANSWERS_201 = 'POST /v1/attribute-updates body person_ids';
const allowedStatus = (field: string): number[] =>
  ANSWERS_200.test(field) ? [200] : field === ANSWERS_201 ? [201] : [404, 422];

describe('404, 422: every id that a request can name', () => {
  it('has a fixture here: an endpoint added later is tried too', () => {
    expect(Object.keys(fixtures).sort()).toEqual(FIELDS);
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
