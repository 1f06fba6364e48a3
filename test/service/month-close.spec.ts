import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type JlisTariffTerms,
  listUsageEvents,
  MonthClosing,
  monthOfEvent,
  rateOn,
  rateUsage,
  readTariffs,
  readUsage,
  type Statement,
  statementText,
  traceUsageEvent,
} from '#lib/billing';
import { withTenant } from '#lib/platform';
import { monthClose } from '../../apps/admin/src/month-commands.js';
import { BillingRig, type GivenEvent } from '../support/billing.js';
import { flat, planTerms, withPrice } from '../support/prices.js';
import { DENIED, refusalOf } from '../support/refusal.js';

let rig: BillingRig;
const tenants: Record<string, string> = {};
const ids: Record<string, string[]> = {};
const late: string[] = [];
/** A population for the second calculation: tenants, events and persons by a fixed sequence. */
const crowd: string[] = [];

const at = (day: string, time = '12:00:00'): string => `${day}T${time}+09:00`;
const times = (count: number, event: GivenEvent): GivenEvent[] => Array.from({ length: count }, () => event);
const check = { purpose: 'status_check', method: 'crl' } as const;

function* sequence(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 2_147_483_648;
  }
}

function population(of: readonly string[], month: string, count: number): GivenEvent[] {
  const random = sequence(Number(month.replace('-', '')));
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next().value! * from.length)]!;
  return Array.from({ length: count }, () => {
    const meter = pick(['sign_check', 'auth_check', 'counterpart_delivered'] as const);
    const service = meter === 'counterpart_delivered';
    const method = service ? 'service' : pick(['crl', 'crl', 'ocsp'] as const);
    const person = pick([undefined, 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7']);
    return {
      tenantId: pick(of),
      meter,
      method,
      purpose: service ? 'identification' : pick(['signature_verification', 'status_check', 'status_check'] as const),
      outcome: pick(['valid', 'valid', 'valid', 'invalid', ...(service ? [] : (['indeterminate'] as const))]),
      at: new Date(
        Date.parse(at(`${month}-01`, '00:00:00')) + Math.floor(random.next().value! * 28 * 86_400_000),
      ).toISOString(),
      certificate: pick(['c1', 'c2', 'c3', 'c4', 'c5', 'c6']),
      ...(person === undefined ? {} : { person }),
    };
  });
}

beforeAll(async () => {
  rig = await BillingRig.start();
  const t = tenants;
  t['fees'] = await rig.tenant();
  t['zero'] = await rig.tenant({ from: '2020-02-01', terms: { minimum: '5000' } });
  t['leap'] = await rig.tenant({ from: '2020-02-29', terms: { base_fee: '29000' } });
  t['dedupe'] = await rig.tenant();
  t['bare'] = await rig.tenant();
  t['midnight'] = await rig.tenant({ from: '2020-02-01' });
  t['change'] = await rig.tenant({ from: '2020-02-01', terms: { base_fee: '30000' } });
  await rig.plan(
    t['change'],
    '2020-04-15',
    planTerms({ base_fee: '60000', prices: withPrice(flat('sign_check', '10')).prices }),
  );
  const windows = withPrice(flat('auth_check', '100', { dedupe: 'fiscal_year' })).prices;
  t['window'] = await rig.tenant({ from: '2020-02-01', terms: { prices: windows } });
  for (const dedupe of ['month', 'calendar_year'] as const)
    t[dedupe] = await rig.tenant({
      from: '2020-02-01',
      terms: { prices: withPrice(flat('auth_check', '100', { dedupe })).prices },
    });
  t['gone'] = await rig.tenant({ from: '2020-02-01', terms: { base_fee: '30000', ends_on: '2020-04-11' } });
  t['terminated'] = await rig.tenant({ from: '2020-02-01', terms: { base_fee: '30000' } });
  t['late'] = await rig.tenant({ from: '2020-02-01' });
  t['modes'] = await rig.tenant({ from: '2020-02-01' });
  for (let n = 0; n < 10; n++)
    crowd.push(
      await rig.tenant({
        from: '2020-02-01',
        terms: withPrice(flat('sign_check', '20', { free: 5 }), { base_fee: '1000' }),
      }),
    );
  await rig.recognise('2020-01-01', '2021-01-01', t['dedupe']);
  for (const tenant of crowd) await rig.recognise('2020-02-10', '2021-01-01', tenant);

  const fees = { tenantId: t['fees'] };
  await rig.meter([
    ...times(3, { ...fees, at: at('2020-02-29') }),
    ...times(5, { ...fees, meter: 'auth_check', purpose: 'authentication', at: at('2020-02-29') }),
    ...times(2, { ...fees, meter: 'counterpart_delivered', purpose: 'identification', at: at('2020-02-03') }),
    { ...fees, outcome: 'indeterminate', at: at('2020-02-03') },
  ]);
  const person = { tenantId: t['dedupe'], person: 'one', ...check };
  ids['dedupe'] = await rig.meter([
    // Used up by neither: another method, another purpose, nothing decided.
    { ...person, method: 'ocsp', at: at('2020-03-01') },
    { ...person, purpose: 'signature_verification', at: at('2020-03-02') },
    { ...person, outcome: 'indeterminate', at: at('2020-03-03') },
    { ...person, at: at('2020-03-04') },
    { ...person, outcome: 'invalid', at: at('2020-03-20') },
    { ...person, meter: 'auth_check', at: at('2020-03-21') },
    { ...person, person: 'two', at: at('2020-03-22') },
    // The last moment of the year of the status checks and the first of the next.
    { ...person, at: at('2020-03-31', '23:59:59.999') },
    { ...person, at: at('2020-04-01', '00:00:00') },
    { ...person, at: at('2020-04-02') },
  ]);
  await rig.meter(times(2, { ...person, tenantId: t['bare'], at: at('2020-03-04') }));
  ids['midnight'] = await rig.meter([
    { tenantId: t['midnight'], at: '2020-02-29T14:59:59.999Z' },
    { tenantId: t['midnight'], at: '2020-02-29T15:00:00Z' },
  ]);
  await rig.meter([
    ...times(7, { tenantId: t['change'], at: at('2020-04-14', '23:59:59') }),
    ...times(9, { tenantId: t['change'], at: at('2020-04-15', '00:00:00') }),
  ]);
  const same = { tenantId: t['window'], meter: 'auth_check', purpose: 'authentication', certificate: 'same' } as const;
  ids['window'] = await rig.meter([
    { ...same, at: at('2020-02-10') },
    { ...same, method: 'ocsp', at: at('2020-02-11') },
    { ...same, at: at('2020-03-31', '23:59:59') },
    { ...same, at: at('2020-04-01', '00:00:00') },
    { ...same, certificate: 'other', at: at('2020-04-01', '00:00:00') },
  ]);
  for (const tenantId of [t['month']!, t['calendar_year']!])
    await rig.meter([
      { ...same, tenantId, at: at('2020-02-10') },
      { ...same, tenantId, at: at('2020-02-29', '23:59:59') },
      { ...same, tenantId, at: at('2020-03-01', '00:00:00') },
      { ...same, tenantId, at: at('2020-04-01', '00:00:00') },
    ]);
  for (const tenantId of [t['gone'], t['terminated']])
    await rig.meter([
      { tenantId, at: at('2020-04-10', '23:59:59') },
      { tenantId, at: at('2020-04-11', '00:00:00') },
    ]);
  // The database takes its own time for this.
  await rig.owner.query(`alter table tenant disable trigger user;
    update tenant set state = 'terminated', state_since = '${at('2020-04-10', '15:00:00')}',
      terminated_at = '${at('2020-04-10', '15:00:00')}' where id = '${t['terminated']}';
    alter table tenant enable trigger user`);
  await rig.meter([{ tenantId: t['late'], at: at('2020-02-10') }]);
  await rig.meter([
    { tenantId: t['modes'], at: at('2020-02-10') },
    ...times(4, { tenantId: t['modes'], mode: 'live', at: at('2020-02-10') }),
  ]);
  for (const month of ['2020-02', '2020-03', '2020-04']) await rig.meter(population(crowd, month, 700));

  await rig.closeUntil('2020-02');
  late.push(...(await rig.meter(times(2, { tenantId: t['late'], at: at('2020-02-20') }))));
  await rig.closeUntil('2020-04');
}, 300_000);
afterAll(() => rig.stop());

const of = (name: string, month: string): Promise<Statement> => rig.statement(tenants[name]!, month);
const yen = async (name: string, month: string, layer: string) =>
  (await of(name, month)).content.lines
    .filter((line) => line.layer === layer)
    .map(({ kind, quantity, unit_price, amount_yen }) => [kind, quantity, unit_price, amount_yen]);

describe('the fees of J-LIS with which an installation begins', () => {
  it.each(['live', 'test'] as const)('are those of the schedule, to the day: %s', async (mode) => {
    const tariffs = await readTariffs(rig.admin, mode);
    const on = (day: string) =>
      (['sign_check', 'auth_check', 'counterpart_delivered', 'serial_linkage', 'age_check'] as const).map((item) =>
        rateOn(tariffs, item, day),
      );
    expect([on('2016-01-01'), on('2022-12-31')]).toEqual(Array(2).fill(['20', '2', '2', '0', '0']));
    expect([on('2023-01-01'), on('2026-10-31')]).toEqual(Array(2).fill(['0', '0', '0', '0', '0']));
    const attributes = (day: string) =>
      refusalOf(Promise.resolve().then(() => rateOn(tariffs, 'attributes_delivered', day)));
    expect(await attributes('2023-04-30')).toBe('rate_missing');
    expect(rateOn(tariffs, 'attributes_delivered', '2023-05-01')).toBe('20');
  });
});

describe('a month of 2020', () => {
  it('owes J-LIS 20 yen for a sign check, 2 for an auth check and 2 for a counterpart', async () => {
    expect(await yen('fees', '2020-02', 'jlis')).toEqual([
      ['fee', 3, '20', 60],
      ['fee', 5, '2', 10],
      ['fee', 2, '2', 4],
    ]);
    expect((await of('fees', '2020-02')).content.totals).toMatchObject({ events: 11, jlis_yen: 74, billed_yen: 0 });
  });
  it('counts a status check once a year, person and kind: not by OCSP, not for a signature, not undecided', async () => {
    // One by OCSP, one for a signature, the first check of one and that of two: 4 × 20; two later ones of one at nothing.
    expect(await yen('dedupe', '2020-03', 'jlis')).toEqual([
      ['fee', 4, '20', 80],
      ['fee', 2, '0', 0],
      ['fee', 1, '2', 2],
    ]);
  });
  it('counts again from the first moment of the next year on', async () =>
    expect(await yen('dedupe', '2020-04', 'jlis')).toEqual([
      ['fee', 1, '20', 20],
      ['fee', 1, '0', 0],
    ]));
  it('counts every status check where J-LIS has recognised nothing', async () =>
    expect(await yen('bare', '2020-03', 'jlis')).toEqual([['fee', 2, '20', 40]]));
  it('ends at midnight in Japan, not in UTC', async () => {
    for (const [index, month] of ['2020-02', '2020-03'].entries()) {
      expect((await of('midnight', month)).content.totals.events).toBe(1);
      const id = ids['midnight']![index]!;
      const tenancy = { tenantId: tenants['midnight']!, mode: 'test' as const };
      expect(await monthOfEvent(rig.admin, tenancy, id)).toBe(month);
    }
  });
  it('has a 29 February, which is one of 29 days', async () =>
    expect(await yen('leap', '2020-02', 'contract')).toEqual([['base_fee', 1, '1000', 1_000]]));
  it('without usage comes to the minimum', async () => {
    expect(await yen('zero', '2020-03', 'contract')).toEqual([['minimum', 1, '5000', 5_000]]);
    expect((await of('zero', '2020-03')).content.totals).toMatchObject({ events: 0, billed_yen: 5_000 });
  });
  it('changes its prices on the 15th at midnight in Japan', async () =>
    // 30,000 × 14/30, 7 × 20; 60,000 × 16/30, 9 × 10.
    expect(await yen('change', '2020-04', 'contract')).toEqual([
      ['base_fee', 1, '14000', 14_000],
      ['usage', 7, '20', 140],
      ['base_fee', 1, '32000', 32_000],
      ['usage', 9, '10', 90],
    ]));
  it("counts once in the contract's own window, whichever the method, and again in the next", async () => {
    expect(await yen('window', '2020-02', 'contract')).toEqual([['usage', 1, '100', 100]]);
    expect(await yen('window', '2020-03', 'contract')).toEqual([]);
    expect((await of('window', '2020-03')).content.unbilled).toEqual([
      { layer: 'contract', meter: 'auth_check', reason: 'already_counted', events: 1 },
    ]);
    expect(await yen('window', '2020-04', 'contract')).toEqual([['usage', 2, '100', 200]]);
  });
  it('counts once a month, or once a calendar year that goes on in April, as the contract says', async () => {
    const once = [['usage', 1, '100', 100]];
    for (const [window, months] of [
      ['month', [once, once, once]],
      ['calendar_year', [once, [], []]],
    ] as const)
      for (const [index, month] of ['2020-02', '2020-03', '2020-04'].entries())
        expect(await yen(window, month, 'contract')).toEqual(months[index]);
  });
  it.each([
    ['with the contract', 'gone'],
    ['with the day on which the tenant was terminated', 'terminated'],
  ])('ends %s: ten days of the base fee, and what comes after is charged to nobody', async (_what, name) => {
    expect(await yen(name, '2020-04', 'contract')).toEqual([
      ['base_fee', 1, '10000', 10_000],
      ['usage', 1, '20', 20],
    ]);
    expect((await of(name, '2020-04')).content.unbilled).toMatchObject([{ reason: 'no_contract', events: 1 }]);
  });
  it('has nothing of the other mode', async () => {
    expect((await of('modes', '2020-02')).content.totals.events).toBe(1);
    const { rows } = await rig.owner.query(`select 1 from statement where mode = 'live'`);
    expect(rows).toEqual([]);
  });
});

describe('an event that comes after its month was closed', () => {
  it('is in the next one, at the fee of its own day, and the closed one stays', async () => {
    expect((await of('late', '2020-02')).content.totals.events).toBe(1);
    const { lines, totals } = (await of('late', '2020-03')).content;
    expect(totals).toMatchObject({ events: 2, late_events: 2 });
    expect(lines.map(({ layer, from, quantity, amount_yen }) => [layer, from, quantity, amount_yen])).toEqual([
      ['jlis', '2020-02-01', 2, 40],
      ['contract', '2020-03-01', 2, 40],
    ]);
    const tenancy = { tenantId: tenants['late']!, mode: 'test' as const };
    expect(await monthOfEvent(rig.admin, tenancy, late[0]!)).toBe('2020-03');
    expect((await of('late', '2020-04')).content.totals.events).toBe(0);
  });
});

describe('a statement', () => {
  it('comes out the same from a second calculation in plain SQL', async () => {
    for (const month of ['2020-02', '2020-03', '2020-04']) {
      const { rows } = await rig.owner.query<{ tenant_id: string; jlis: string; contract: string; events: string }>(
        SECOND,
        [month, crowd],
      );
      expect(rows).toHaveLength(10);
      for (const { tenant_id, jlis, contract, events } of rows) {
        const { totals } = (await rig.statement(tenant_id, month)).content;
        expect([totals.jlis_yen, totals.contract_yen, totals.events]).toEqual([
          Number(jlis),
          Number(contract),
          Number(events),
        ]);
      }
    }
  });
  it('is the same bytes when it is made again from its events and prices', async () => {
    for (const tenant of [...crowd, tenants['dedupe']!, tenants['window']!, tenants['late']!])
      for (const month of ['2020-02', '2020-03', '2020-04']) {
        const made = await rig.month('tenant', tenant, month, async (manager, opened) =>
          statementText(rateUsage(opened, await readUsage(manager, opened))),
        );
        const stored = await rig.owner.query<{ content: string }>(
          'select content from statement where tenant_id = $1 and month = $2',
          [tenant, month],
        );
        if (stored.rows[0]) expect(made).toBe(stored.rows[0].content);
      }
  });
  it('leads from its lines to every billable event once, and from each event back to its lines', async () => {
    for (const [reader, tenant] of [
      ['tenant', crowd[0]!],
      ['operators', crowd[1]!],
    ] as const) {
      const { content } = await rig.statement(tenant, '2020-03');
      await rig.month(reader, tenant, '2020-03', async (manager, opened) => {
        const all = await listUsageEvents(manager, opened, { take: 10_000 });
        const found: Record<string, string[]> = { jlis: [], contract: [] };
        for (const { layer, number, events, quantity } of content.lines) {
          if (!events) continue;
          const pages = await listUsageEvents(manager, opened, { take: 7 }, { line: events });
          const last = pages.at(-1)!;
          const after = { given: pages.length, micros: last.micros, id: last.id };
          pages.push(...(await listUsageEvents(manager, opened, { after, take: 10_000 }, { line: events })));
          expect(pages).toHaveLength(quantity);
          found[layer]!.push(...pages.map(({ id }) => id));
          const traced = await traceUsageEvent(manager, opened, pages[0]!.id, content);
          expect(traced.lines).toContain(number);
          expect(traced.lines.length).toBeLessThanOrEqual(2);
        }
        const sorted = (list: string[]) => [...list].sort();
        const billable = (of: 'jlisReason' | 'contractReason') => all.filter((event) => !event[of]).map(({ id }) => id);
        expect(sorted(found['jlis']!)).toEqual(sorted(billable('jlisReason')));
        expect(sorted(found['contract']!)).toEqual(sorted(billable('contractReason')));
      });
    }
  });
  it('cannot be changed, removed or added to a closed month, by anybody', async () => {
    const [tenant] = crowd;
    expect(await refusalOf(rig.owner.query('update statement set billed_yen = 0'))).toBe('statement_stays');
    expect(await refusalOf(rig.owner.query('delete from statement'))).toBe('statement_stays');
    const again = `insert into statement (tenant_id, mode, id, month, content, content_sha256, contract_yen, jlis_yen, billed_yen)
      select tenant_id, mode, gen_random_uuid(), '2020-02', content, content_sha256, 0, 0, 0 from statement where tenant_id = '${tenant}' limit 1`;
    expect(await refusalOf(rig.owner.query(again))).toBe('statement_of_open_month');
    expect(await refusalOf(rig.owner.query('update month_close set closed_at = null'))).toBe('month_close_steps');
    expect(await refusalOf(rig.owner.query('delete from month_close'))).toBe('month_close_steps');
  });
  it('of one tenant is nobody else’s', async () => {
    const tenancy = { tenantId: crowd[0]!, mode: 'test' as const };
    const seen = await withTenant(rig.api, tenancy, (manager): Promise<unknown> =>
      manager.query('select distinct tenant_id from statement'),
    );
    expect(seen).toEqual([{ tenant_id: crowd[0] }]);
    const others = await rig.month('tenant', crowd[0]!, '2020-03', async (manager, opened) =>
      listUsageEvents(manager, { ...opened, tenancy: { ...opened.tenancy, tenantId: crowd[1]! } }, { take: 10 }),
    );
    expect(others).toEqual([]);
  });
});

describe('closing', () => {
  it('again changes nothing', async () => {
    const state = async (): Promise<unknown[]> => {
      const { rows } = await rig.owner.query<object>(
        'select id, content_sha256, written_at from statement order by id',
      );
      return rows;
    };
    const before = await state();
    expect(await rig.closing.close('test', '2020-03', 'operator:test')).toBeUndefined();
    expect(await state()).toEqual(before);
  });
  it('asked for at the machine is refused with the reason, and again says that it is closed', async () => {
    const lines: string[] = [];
    const nobody = (): Promise<string> => Promise.reject(new Error('nobody is asked'));
    const context = { dataSource: rig.operator, actor: 'operator:test', ask: nobody, askSecret: nobody };
    const close = (month: string) =>
      monthClose(
        { ...context, out: (line) => void lines.push(line) },
        { mode: 'test', month, wait: true, timeoutMs: 20_000 },
      );
    await expect(close('2020-13')).rejects.toThrow('--month is YYYY-MM');
    expect(await refusalOf(close('2100-01'))).toBe('month_not_over');
    await expect(close('2020-07')).rejects.toThrow(
      'month_out_of_turn: 2020-07 of test cannot be closed. The next one is 2020-05.',
    );
    await close('2020-04');
    expect(lines).toEqual(['{"mode":"test","month":"2020-04","state":"closed"}']);
  });
  it('goes on after a crash in the middle, and what was written stays', async () => {
    await rig.owner.query(`
      create function crash() returns trigger language plpgsql as $$ begin raise exception 'crash'; end $$;
      create trigger crash before insert on statement for each row when (new.tenant_id = '${crowd.toSorted().at(-1)}') execute function crash()`);
    await expect(rig.closing.close('test', '2020-05', 'operator:test')).rejects.toThrow('crash');
    const partly = (await rig.owner.query(`select id from statement where month = '2020-05' order by id`)).rows;
    await rig.owner.query('drop trigger crash on statement');
    // What was metered meanwhile was not seen when the closing began.
    await rig.meter([{ tenantId: crowd[0]!, at: at('2020-05-05') }]);
    const { statements } = (await rig.closing.close('test', '2020-05', 'operator:test'))!;
    const all = (await rig.owner.query<{ id: string }>(`select id from statement where month = '2020-05' order by id`))
      .rows;
    expect(all).toHaveLength(statements);
    expect(partly.length).toBeLessThan(all.length);
    expect(all).toEqual(expect.arrayContaining(partly));
    expect((await rig.statement(crowd[0]!, '2020-05')).content.totals.events).toBe(0);
  });
  it('is refused for a month that is not over, and out of turn', async () => {
    const month = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7);
    expect(await refusalOf(rig.closing.close('test', month, 'operator:test'))).toBe('month_not_over');
    expect(await refusalOf(rig.closing.close('test', '2020-08', 'operator:test'))).toBe('month_out_of_turn');
  });
  it('is refused while something has no fee, and goes on when it has one', async () => {
    await rig.meter([
      { tenantId: tenants['fees']!, meter: 'attributes_delivered', purpose: 'attribute_update', at: at('2020-06-02') },
    ]);
    expect(await refusalOf(rig.closing.close('test', '2020-06', 'operator:test'))).toBe('rate_missing');
    const { rows } = await rig.owner.query(`select 1 from statement where month = '2020-06'`);
    expect(rows).toEqual([]);
    const noted = `select actor, detail from audit_event where action = 'month.refuse_close' and target = 'month:test:2020-06'`;
    expect((await rig.owner.query(noted)).rows).toEqual([
      { actor: 'operator:test', detail: { meter: 'attributes_delivered', day: '2020-06-01' } },
    ]);
    const terms = {
      rates: { sign_check: '20', auth_check: '2', counterpart_delivered: '2', attributes_delivered: '0' },
    };
    const rest = { year_start: '04-01', tax_category: 'standard', source: 'a test' } as const;
    await rig.add({ table: 'jlis_tariff', mode: 'test', valid_from: '2020-06-01', terms: { ...terms, ...rest } });
    await rig.closing.close('test', '2020-06', 'operator:test');
    expect(await yen('fees', '2020-06', 'jlis')).toEqual([['fee', 1, '0', 0]]);
  });
  it('divides a reduction of the whole among the tenants when all are rated, to the last yen', async () => {
    const terms = {
      applies_to: 'total',
      kind: 'amount',
      value: '100',
      ground: 'volume',
      approval_reference: 'J-9',
    } as const;
    const row = { mode: 'test', tenant_id: null, valid_from: '2020-07-01', valid_until: '2020-08-01' } as const;
    await rig.add({ table: 'jlis_reduction', id: '0193f0c0-0000-4000-8000-000000000009', ...row, terms });
    await rig.meter([
      ...times(20, { tenantId: crowd[0]!, at: at('2020-07-05') }),
      ...times(10, { tenantId: crowd[1]!, at: at('2020-07-05') }),
    ]);
    await rig.closing.close('test', '2020-07', 'operator:test');
    // 400 and 200 yen, and the 100 that J-LIS takes off: 66.67 and 33.33.
    const totals = await Promise.all(
      [0, 1].map(async (n) => (await rig.statement(crowd[n]!, '2020-07')).content.totals.jlis_yen),
    );
    expect(totals).toEqual([333, 167]);
  });
  it('is left alone by prices that come too late', async () => {
    const add = rig.plan(tenants['fees']!, '2020-07-15', planTerms());
    expect(await refusalOf(add)).toBe('prices_in_closed_month');
    const past = `insert into price_plan (tenant_id, mode, valid_from, terms) values ($1, 'test', '2020-07-15', '{}')`;
    expect(await refusalOf(rig.owner.query(past, [tenants['fees']]))).toBe('price_in_closed_month');
  });
  it('is done by one of those who try at the same time', async () => {
    const [one, two] = await Promise.all(
      [rig.worker, rig.worker].map((pool) => new MonthClosing(pool).close('test', '2020-08', 'operator:test')),
    );
    expect([one, two].filter(Boolean)).toHaveLength(1);
    expect(await new MonthClosing(rig.worker).close('test', '2020-08', 'operator:test')).toBeUndefined();
    const { rows } = await rig.owner.query(
      `select 1 from audit_event where action = 'month.close' and target = 'month:test:2020-08'`,
    );
    expect(rows).toHaveLength(1);
  });
});

describe('prices', () => {
  it('are added and never changed', async () => {
    expect(await refusalOf(rig.owner.query(`update price_plan set valid_from = '2030-01-01'`))).toBe('price_stays');
    expect(await refusalOf(rig.owner.query('delete from jlis_tariff'))).toBe('price_stays');
  });
  it('of live mode need two people, whoever writes them', async () => {
    const row = {
      table: 'price_plan',
      tenant_id: crowd[0]!,
      mode: 'live',
      valid_from: '2030-01-01',
      terms: planTerms(),
    } as const;
    expect(await refusalOf(rig.add(row))).toBe('price_needs_approval');
    const direct = `insert into jlis_tariff (mode, valid_from, terms) values ('live', '2030-01-01', '{}')`;
    expect(await refusalOf(rig.owner.query(direct))).toBe('price_needs_approval');
  });
  it.each<[string, { valid_from: string; rates?: JlisTariffTerms['rates'] }]>([
    ['a tariff that begins where another does', { valid_from: '2023-01-01' }],
    ['a fee below zero', { valid_from: '2030-01-01', rates: { sign_check: '-1' } }],
  ])('refuse %s', async (_what, { valid_from, rates = { sign_check: '0' } }) => {
    const terms = { rates, year_start: '04-01', tax_category: 'standard', source: 'a test' } as const;
    const row = { table: 'jlis_tariff', mode: 'test', valid_from, terms } as const;
    expect(await refusalOf(rig.add(row))).toBe('prices_invalid');
  });
});

describe('the doors of billing', () => {
  const DOORS = [
    `begin_month_close('test', '2020-08', 'x')`,
    `fix_month_prices('test', '2020-08', now())`,
    `end_month_close('test', '2020-08')`,
    `next_month_to_close('test')`,
    `contracts_to_bill('test')`,
    `month_usage('test', now(), now(), pg_current_snapshot(), null, null, '{}', '[]', '[]', '{}', '{}')`,
    `any_tenant_usage(gen_random_uuid(), 'test', now(), now(), pg_current_snapshot(), null, null, '{}', '[]', '[]')`,
    `list_any_tenant_usage(gen_random_uuid(), 'test', now(), now(), pg_current_snapshot(), null, null, '{}', '[]', '[]', '{}', 0, 9)`,
    `open_any_tenant_usage(gen_random_uuid(), 'test', now(), now(), pg_current_snapshot(), null, null, '{}', '[]', '[]')`,
  ];
  it.each(DOORS)('%s is closed to the process that faces the internet', async (door) =>
    expect(await refusalOf(rig.api.query(`select * from ${door}`))).toBe(DENIED),
  );
  it('do not let a process say when an event was written', async () => {
    for (const column of ['xact', 'recorded_at'])
      expect(
        await refusalOf(rig.api.query(`insert into usage_event (id, ${column}) values (gen_random_uuid(), null)`)),
      ).toBe(DENIED);
  });
  it.each(['statement', 'month_close', 'price_plan', 'jlis_tariff', 'jlis_reduction', 'jlis_recognition'])(
    'do not let it write %s',
    async (table) => expect(await refusalOf(rig.api.query(`insert into ${table} (mode) values ('test')`))).toBe(DENIED),
  );
});

/** Another way to the same yen: events one by one, without the product's functions. */
const SECOND = `
with event as (
  select u.*, to_char(u.utc + interval '9 hours', 'YYYY-MM') as month,
    u.outcome <> 'indeterminate' as decided,
    u.purpose = 'status_check' and u.method = 'crl' and u.outcome <> 'indeterminate'
      and u.occurred_at >= '2020-02-09T15:00Z' as once,
    case when u.occurred_at < '2020-03-31T15:00Z' then 2019 else 2020 end as year,
    coalesce(u.person_id::text, u.certificate_hash::text) as who
  from (select * , occurred_at at time zone 'UTC' as utc from usage_event) u
  where u.mode = 'test' and u.tenant_id = any($2)
),
priced as (
  select e.*, case
      when not e.decided then 0
      when e.once and exists (select 1 from event f where f.once and f.tenant_id = e.tenant_id and f.who = e.who
        and f.certificate_kind = e.certificate_kind and f.year = e.year and (f.occurred_at, f.id) < (e.occurred_at, e.id)) then 0
      when e.meter = 'sign_check' then 20 else 2 end as fee
  from event e
)
select t.id as tenant_id, coalesce(sum(p.fee), 0) as jlis, count(p.id) as events,
  1000 + 20 * greatest(0, count(*) filter (where p.decided and p.meter = 'sign_check') - 5)
    + 2 * count(*) filter (where p.decided and p.meter <> 'sign_check') as contract
from tenant t left join priced p on p.tenant_id = t.id and p.month = $1
where t.id = any($2) group by t.id`;
