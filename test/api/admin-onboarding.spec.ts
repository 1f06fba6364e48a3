import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { searchAudit } from '#lib/audit';
import { fromPublicId, Logger, toPublicId } from '#lib/platform';
import { ApiKeys, ApiKeyUses, type StepRequest, type TenantStep } from '#lib/tenancy';
import { type AdminBrowser, AdminStack } from '../support/admin.js';
import type { RawAnswer } from '../support/api.js';
import { confirmDocuments, passConnectionTest } from '../support/checklist.js';
import { connect } from '../support/tenants.js';

const BANK = {
  kind: 'corporation',
  legal_name: '株式会社あおぞら銀行',
  legal_name_kana: 'カブシキガイシャアオゾラギンコウ',
  corporate_number: '4011001098993',
  address: '東京都港区芝公園４丁目２番地８',
  contacts: [{ role: 'responsible', name: '責任 太郎', email: 'sekinin@example.com', phone: '03-1234-5678' }],
  service_name: '口座開設アプリ',
  purpose_of_use: '口座開設時の本人確認',
  expected_volumes: { signature_verifications_a_month: 10_000, authentications_a_month: 0 },
  invoice_registration_number: 'T4011001098993',
};
const NOTIFY = { step: 'notify', reason: '届出済み', notified_on: '2026-11-20', reference: 'J-LIS 2026-123' };

let stack: AdminStack;
let first: AdminBrowser;
let second: AdminBrowser;
let keys: () => ApiKeys;
let api: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  stack = await AdminStack.start();
  first = await stack.signedIn(await stack.person(['onboarding']));
  second = await stack.signedIn(await stack.person(['onboarding']));
  api = await connect(stack.urls.api);
  // Each look is a fresh process: what is believed for a moment is not what is asked here.
  keys = () => new ApiKeys(api, new ApiKeyUses(api, new Logger('test', 'silent')));
}, 240_000);
afterAll(async () => {
  await api.destroy();
  await stack.stop();
});

async function apply(change: object = {}): Promise<string> {
  const { status, body } = await first.send('POST', '/v1/applications', { ...BANK, ...change });
  expect(status).toBe(201);
  return (body['tenant'] as { id: string }).id;
}
const step = (id: string, body: object, browser = first): Promise<RawAnswer> =>
  browser.send('POST', `/v1/tenants/${id}/steps`, { reason: '試験', ...body });
const take = async (id: string, ...steps: object[]): Promise<void> => {
  for (const each of steps) expect((await step(id, each)).status).toBe(200);
};
const stateOf = async (id: string): Promise<unknown> => (await first.send('GET', `/v1/tenants/${id}`)).body['state'];
/** Everything in the checklist is done. */
async function prepare(id: string): Promise<void> {
  await confirmDocuments(stack.people.admin, uuid(id), stack.first.id);
  await passConnectionTest(stack, uuid(id));
}
const notified = async (): Promise<string> => {
  const id = await apply();
  await take(id, { step: 'review' }, { step: 'accept' });
  await prepare(id);
  await take(id, NOTIFY);
  return id;
};
const propose = (id: string, browser = first): Promise<RawAnswer> =>
  browser.send('POST', `/v1/tenants/${id}/go-live`, { reason: '審査完了' });
const approve = (approval: RawAnswer, browser: AdminBrowser): Promise<RawAnswer> =>
  browser.send('POST', `/v1/approvals/${approval.body['id'] as string}/approve`, {
    payload_sha256: approval.body['payload_sha256'],
  });
const live = async (): Promise<string> => {
  const id = await notified();
  expect((await approve(await propose(id), second)).status).toBe(200);
  return id;
};
async function newKey(id: string, mode: 'live' | 'test'): Promise<string> {
  const { status, body } = await first.send('POST', `/v1/tenants/${id}/api-keys`, { name: 'x', mode });
  expect(status).toBe(201);
  return body['api_key'] as string;
}
const modeOf = async (key: string): Promise<string> => {
  try {
    return (await keys().find(key, '127.0.0.1'))?.mode ?? 'unknown';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
/** The rule of the database that a statement of the owner, or of a role, breaks. */
async function ruleOf(sql: string, values: unknown[]): Promise<string> {
  try {
    await stack.owner.query(sql, values);
    return 'done';
  } catch (error) {
    return (error as { constraint?: string }).constraint ?? String(error);
  }
}
const uuid = (id: string): string => fromPublicId('ten', id)!;

describe('an application', () => {
  it('makes a tenant that waits; what it says is read back, and the people in it are sealed', async () => {
    const id = await apply();
    expect(await stateOf(id)).toBe('applied');
    expect((await first.send('GET', `/v1/tenants/${id}/application`)).body).toEqual(BANK);
    const { rows } = await stack.owner.query<{ contacts: Buffer; rest: string }>(
      'select contacts, a::text as rest from tenant_application a where tenant_id = $1',
      [uuid(id)],
    );
    expect(rows[0]!.contacts.toString()).not.toMatch(/sekinin|責任|03-1234/);
    expect(rows[0]!.rest).not.toMatch(/sekinin|責任|03-1234/);
    const audited = await stack.audited(`tenant:${uuid(id)}`);
    expect(audited.map(({ action }) => action)).toEqual(['tenant.create', 'application.file', 'application.read']);
    expect(JSON.stringify(audited)).not.toMatch(/sekinin|責任|03-1234/);
  });

  it.each<[string, object, string, string]>([
    [
      'a mistyped corporate number',
      { corporate_number: '4011001098994', invoice_registration_number: null },
      'corporate_number',
      'corporate_number_check_digit',
    ],
    [
      'an Individual Number',
      { corporate_number: '123456789018', invoice_registration_number: null },
      'corporate_number',
      'my_number',
    ],
    [
      'a mistyped invoice number',
      { invoice_registration_number: 'T4011001098994' },
      'invoice_registration_number',
      'invoice_number_check_digit',
    ],
    ['kana in hiragana', { legal_name_kana: 'あおぞら' }, 'legal_name_kana', 'kana'],
  ])(
    'with %s is refused: the field is named in both languages, the number is not repeated',
    async (_what, change, field, rule) => {
      const { status, body } = await first.send('POST', '/v1/applications', { ...BANK, ...change });
      expect([status, body['code']]).toEqual([422, 'application_invalid']);
      expect(body['errors']).toContainEqual({
        field,
        rule,
        message: expect.any(String),
        message_ja: expect.stringMatching(/[ぁ-ん]/u),
      });
      expect(JSON.stringify(body['errors'])).not.toMatch(/[0-9]{12}/);
    },
  );

  it('of no corporation is taken with a warning about an odd invoice number', async () => {
    const other = { ...BANK, kind: 'other', corporate_number: null, invoice_registration_number: 'T4011001098994' };
    const { status, body } = await first.send('POST', '/v1/applications', other);
    expect([status, (body['warnings'] as { rule: string }[]).map(({ rule }) => rule)]).toEqual([
      201,
      ['invoice_number_check_digit'],
    ]);
  });

  it.each([{ contacts: [] }, { legal_name: '' }, { kind: 'club' }, { more: 1 }, { address: 'x'.repeat(301) }])(
    'is held to its form: %j',
    async (change) =>
      expect((await first.send('POST', '/v1/applications', { ...BANK, ...change })).body['code']).toBe(
        'request_invalid',
      ),
  );

  it('is corrected until J-LIS is notified, and not after', async () => {
    const id = await apply();
    const path = `/v1/tenants/${id}/application`;
    const renamed = { ...BANK, legal_name: '株式会社みなと銀行' };
    expect((await first.send('PUT', path, renamed)).status).toBe(200);
    expect((await first.send('GET', `/v1/tenants/${id}`)).body['name']).toBe('株式会社みなと銀行');
    await take(id, { step: 'review' }, { step: 'accept' });
    await prepare(id);
    await take(id, NOTIFY);
    const late = await first.send('PUT', path, BANK);
    expect([late.status, late.body['code'], late.body['state']]).toEqual([409, 'application_closed', 'notified']);
  });
});

describe('the steps of a tenant', () => {
  it('lead to test mode at once after acceptance; keys of test mode open nothing before', async () => {
    const id = await apply();
    const key = await newKey(id, 'test');
    expect(await modeOf(key)).toBe('unknown');
    await take(id, { step: 'review' });
    expect(await modeOf(key)).toBe('unknown');
    await take(id, { step: 'accept' });
    expect(await modeOf(key)).toBe('test');
  });

  it.each<[TenantStep[], object, string[]]>([
    [[], { step: 'accept' }, ['review', 'reject']],
    [['review', 'reject'], { step: 'review' }, []],
    [['review', 'accept'], { step: 'reject' }, ['notify', 'suspend', 'terminate']],
    [['review', 'accept', 'terminate'], { step: 'resume' }, []],
  ])('are not taken out of turn: after %j not %j', async (before, refused, allowed) => {
    const id = await apply();
    await take(id, ...before.map((each) => ({ step: each })));
    const { status, body } = await step(id, refused);
    expect([status, body['code'], body['allowed']]).toEqual([409, 'tenant_step_refused', allowed]);
  });

  it.each([
    [{ step: 'notify' }, 'request_invalid'],
    [{ ...NOTIFY, notified_on: '2999-01-01' }, 'request_invalid'],
    [{ ...NOTIFY, reference: '' }, 'request_invalid'],
    [{ step: 'live' }, 'request_invalid'],
    [{ step: 'suspend', reason: '' }, 'request_invalid'],
  ])('name what they need: %j', async (body, code) => {
    const id = await apply();
    expect((await step(id, body)).body['code']).toBe(code);
  });

  it('are on record with who, why, before and after', async () => {
    const id = await notified();
    const { data } = await stack
      .signedIn(stack.first)
      .then((browser) => browser.client.GET('/v1/audit-events', { params: { query: { target: `tenant:${id}` } } }));
    const { rows } = await stack.owner.query<{ action: string; change: unknown; detail: unknown }>(
      `select action, change, detail from audit_event where target = $1 and action = 'tenant.notify'`,
      [`tenant:${uuid(id)}`],
    );
    expect(rows).toEqual([
      {
        action: 'tenant.notify',
        detail: {
          reason: '届出済み',
          connection_test: ['valid_signature', 'invalid'].map((shows) => ({ shows, verification: expect.anything() })),
        },
        change: {
          before: { state: 'test', notified_on: null, notification_reference: null },
          after: { state: 'notified', notified_on: '2026-11-20', notification_reference: 'J-LIS 2026-123' },
        },
      },
    ]);
    expect(data!.data.map(({ action }) => action).filter((action) => /^tenant\.(?!create)/.test(action))).toEqual([
      'tenant.notify',
      'tenant.accept',
      'tenant.review',
    ]);
  });

  it('of a tenant made by the command begin in test mode, and need an application before J-LIS is notified', async () => {
    const { data } = await stack
      .signedIn(stack.first)
      .then((browser) => browser.client.POST('/v1/tenants', { body: { name: 'コマンド商事' } }));
    expect([data!.state, data!.steps]).toEqual(['test', ['notify', 'suspend', 'terminate']]);
    const { status, body } = await step(data!.id, NOTIFY);
    expect([status, body['code']]).toEqual([409, 'application_missing']);
    expect((await first.send('PUT', `/v1/tenants/${data!.id}/application`, BANK)).status).toBe(200);
    await prepare(data!.id);
    await take(data!.id, NOTIFY);
  });
});

describe('going live', () => {
  it('takes a second operator; only then a key of live mode can be made', async () => {
    const id = await notified();
    const early = await first.send('POST', `/v1/tenants/${id}/api-keys`, { name: 'x', mode: 'live' });
    expect([early.status, early.body['code']]).toEqual([409, 'tenant_not_live']);
    const proposal = await propose(id);
    expect(proposal.status).toBe(201);
    const own = await approve(proposal, first);
    expect([own.status, own.body['code']]).toEqual([403, 'approval_own']);
    expect(await stateOf(id)).toBe('notified');
    expect((await approve(proposal, second)).body['state']).toBe('executed');
    expect(await stateOf(id)).toBe('live');
    expect(await modeOf(await newKey(id, 'live'))).toBe('live');
  });

  it('is not proposed before J-LIS is notified', async () => {
    const id = await apply();
    await take(id, { step: 'review' }, { step: 'accept' });
    expect((await propose(id)).body['code']).toBe('tenant_step_refused');
  });

  it('is refused when the tenant was suspended after the proposal', async () => {
    const id = await notified();
    const proposal = await propose(id);
    await take(id, { step: 'suspend' });
    const { status, body } = await approve(proposal, second);
    expect([status, body['code'], await stateOf(id)]).toEqual([409, 'approval_stale', 'suspended']);
  });

  it('cannot be written past the approval: the row refuses the owner of the database too', async () => {
    const [id, other] = [await notified(), await live()];
    const { rows } = await stack.owner.query<{ used: string }>(
      'select go_live_approval_id as used from tenant where id = $1',
      [uuid(other)],
    );
    for (const approval of [null, rows[0]!.used])
      expect(
        await ruleOf(`update tenant set state = 'live', go_live_approval_id = $2 where id = $1`, [uuid(id), approval]),
      ).toBe('go_live_needs_approval');
  });

  it.each([
    [`update tenant set state = 'test' where id = $1`, 'tenant_steps'],
    [`update tenant set state_since = now() where id = $1`, 'tenant_steps'],
    [`update tenant set notification_reference = 'x' where id = $1`, 'tenant_steps'],
    [
      `update tenant set state = 'terminated', go_live_approval_id = gen_random_uuid() where id = $1`,
      'go_live_needs_approval',
    ],
    [`update tenant set id = gen_random_uuid() where id = $1`, 'tenant_stays'],
    [`delete from tenant where id = $1`, 'tenant_stays'],
  ])('the database refuses: %s', async (sql, rule) => {
    expect(await ruleOf(sql, [uuid(await notified())])).toBe(rule);
  });

  it('a key of live mode for a tenant that is not live is refused by the row itself', async () => {
    const id = await notified();
    await expect(
      stack.operator.query(
        `insert into api_key (tenant_id, mode, id, name, secret_sha256, last_four, scopes)
         values ($1, 'live', gen_random_uuid(), 'x', sha256('x'), 'xxxx', '{audit:read}')`,
        [uuid(id)],
      ),
    ).rejects.toMatchObject({ driverError: { code: '42501' } });
  });
});

describe('suspension and termination', () => {
  it('stop the keys of both modes; who brings one is told of the suspension, and resuming leads back', async () => {
    const id = await live();
    const [test, real] = [await newKey(id, 'test'), await newKey(id, 'live')];
    await take(id, { step: 'suspend' });
    expect([await modeOf(test), await modeOf(real)]).toEqual(['tenant_suspended', 'tenant_suspended']);
    expect((await first.send('GET', `/v1/tenants/${id}`)).body).toMatchObject({
      state: 'suspended',
      suspended_from: 'live',
      steps: ['resume', 'terminate'],
    });
    await take(id, { step: 'resume' });
    expect([await stateOf(id), await modeOf(test), await modeOf(real)]).toEqual(['live', 'test', 'live']);
    await take(id, { step: 'terminate' });
    expect([await modeOf(test), await modeOf(real)]).toEqual(['unknown', 'unknown']);
    const { body } = await first.send('GET', `/v1/tenants/${id}`);
    expect([body['state'], body['terminated_at'], body['steps']]).toEqual(['terminated', body['state_since'], []]);
  });

  it('a tenant in test mode is not resumed into live', async () => {
    const id = await apply();
    await take(id, { step: 'review' }, { step: 'accept' }, { step: 'suspend' });
    expect(await ruleOf(`update tenant set state = 'live' where id = $1`, [uuid(id)])).toBe('tenant_steps');
    await take(id, { step: 'resume' });
    expect(await stateOf(id)).toBe('test');
  });

  it('a suspended key writes nothing, also when a process still believes in it', async () => {
    const id = await apply();
    await take(id, { step: 'review' }, { step: 'accept' });
    const principal = (await keys().find(await newKey(id, 'test'), '127.0.0.1'))!;
    await take(id, { step: 'suspend' });
    const decided = JSON.stringify([
      { position: 0, key_hash: principal.keyHash, id: uuid(id), tenant_key_id: principal.tenantKeyId, usage: [] },
    ]);
    expect(await api.query('select * from append_decided($1, $2)', [decided, Buffer.alloc(0)])).toEqual([
      { row_position: 0, conflict: 'api_key_invalid' },
    ]);
  });

  it('only a key tells of it: another hash says nothing', async () => {
    expect(await api.query('select is_key_of_suspended($1) as said', [Buffer.alloc(32)])).toEqual([{ said: false }]);
    expect(await api.query('select is_key_of_suspended(null) as said')).toEqual([{ said: false }]);
  });
});

describe('what is not there', () => {
  it('is not found', async () => {
    const id = toPublicId('ten', '00000000-0000-4000-8000-000000000000');
    for (const [method, path, body] of [
      ['GET', 'application', undefined],
      ['PUT', 'application', BANK],
      ['POST', 'steps', { step: 'review', reason: 'x' } satisfies StepRequest],
      ['POST', 'go-live', { reason: 'x' }],
    ] as const)
      expect((await first.send(method, `/v1/tenants/${id}/${path}`, body)).status).toBe(404);
  });
});

describe('the history of a tenant', () => {
  const historyOf = async (id: string, more = ''): Promise<{ id: string; action: string; detail: unknown }[]> => {
    const auditor = await stack.signedIn(await stack.person(['auditor']));
    const { status, body } = await auditor.send('GET', `/v1/audit-events?tenant_id=${id}&limit=100${more}`);
    expect(status).toBe(200);
    return body['data'] as { id: string; action: string; detail: unknown }[];
  };
  const WAY = [
    'tenant.create',
    'application.file',
    'tenant.review',
    'tenant.accept',
    'checklist.confirm',
    'tenant.notify',
    'approval.propose',
    'approval.approve_refused',
    'approval.approve',
    'approval.execute',
    'tenant.go_live',
    'api_key.create',
  ];

  it('has every step from the application to the first key with its typed reason, and nothing of another tenant', async () => {
    const id = await notified();
    const other = await apply();
    const approval = await propose(id);
    expect((await approve(approval, first)).body).toMatchObject({ code: 'approval_own' });
    expect((await approve(approval, second)).status).toBe(200);
    await newKey(id, 'live');
    const events = await historyOf(id, '&sort=recorded_at');
    const actions = new Set(events.map(({ action }) => action));
    expect(WAY.filter((action) => !actions.has(action))).toEqual([]);
    const reasonOf = (wanted: string) => events.find(({ action }) => action === wanted)!.detail;
    expect(reasonOf('tenant.review')).toMatchObject({ reason: '試験' });
    expect(reasonOf('approval.propose')).toMatchObject({ reason: '審査完了' });
    expect((await historyOf(other)).map(({ action }) => action).reverse()).toEqual([
      'tenant.create',
      'application.file',
    ]);
    const { rows } = await stack.owner.query<{ n: number }>(
      `select count(*)::int as n from audit_event where tenant_id = $1 or target = 'tenant:' || $1::text`,
      [uuid(id)],
    );
    // The approval has four events: proposed, refused to who proposed it, approved, carried out.
    expect(events).toHaveLength(rows[0]!.n + 4);
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
  });

  it('has the proposals of its prices, and narrows and pages like any search', async () => {
    const id = await apply();
    const finance = await stack.person(['auditor']);
    const proposal = (tenant: string, price: string) =>
      stack.owner.query(
        `insert into audit_event (id, actor, action, target, detail)
         values (gen_random_uuid(), $1, 'approval.propose', $2, $3)`,
        [
          `operator:${finance.id}`,
          price,
          { kind: 'price_change', subject: 'price_plan:P1', after: { tenant_id: tenant } },
        ],
      );
    await proposal(uuid(id), 'approval:1');
    await proposal(uuid(await apply()), 'approval:2');
    const whole = await historyOf(id, '&recorded_after=2020-01-01T00:00:00Z');
    expect(whole.map(({ action }) => action).sort()).toEqual(['application.file', 'approval.propose', 'tenant.create']);
    expect((await historyOf(id, '&action=tenant.*')).map(({ action }) => action)).toEqual(['tenant.create']);
  });

  it('is read from indexes alone, however many events there are', async () => {
    const id = await apply();
    await stack.owner.query(
      `insert into audit_event (id, actor, action, target, detail)
       select gen_random_uuid(), 'system:test', 'thing.touch', 'thing:' || n, '{}' from generate_series(1, 60000) n`,
    );
    await stack.owner.query('analyze audit_event');
    const plans: string[] = [];
    const explaining = {
      query: async (sql: string, values: unknown[]): Promise<never[]> => {
        const { rows } = await stack.owner.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values);
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return [];
      },
    };
    await searchAudit(explaining as unknown as DataSource, { about: uuid(id), from: 0, limit: 51 });
    expect(plans).toHaveLength(1);
    expect(plans[0]).toContain('audit_event_proposal');
    expect(plans[0]).not.toContain('Seq Scan');
    expect(plans[0]).not.toContain('audit_event_pkey');
  });
});
