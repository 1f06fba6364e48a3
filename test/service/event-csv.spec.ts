import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import {
  estimateUse,
  EVENT_CSV_COLUMNS,
  eventCsv,
  listUsageEvents,
  rateUsage,
  type Reader,
  readUsage,
  type Statement,
  spool,
} from '#lib/billing';
import { CSV_BOM, csvRow, toPublicId, withTenant } from '#lib/platform';
import { BillingRig, type GivenEvent } from '../support/billing.js';
import { flat, withPrice } from '../support/prices.js';

let rig: BillingRig;
const tenants: Record<string, string> = {};
const MONTHS = ['2020-02', '2020-03'];

const at = (day: string, time = '12:00:00'): string => `${day}T${time}+09:00`;
const check = { purpose: 'status_check', method: 'crl' } as const;

/** Some hundred events of a month: many at the same moment, many of the same person, every outcome. */
const population = (tenantId: string, month: string): GivenEvent[] =>
  Array.from({ length: 300 }, (_, n) => ({
    tenantId,
    meter: n % 3 === 0 ? 'auth_check' : 'sign_check',
    ...(n % 5 === 0 ? check : {}),
    outcome: n % 11 === 0 ? 'indeterminate' : n % 7 === 0 ? 'invalid' : 'valid',
    ...(n % 2 === 0 ? { person: `p${n % 13}` } : {}),
    certificate: `c${n % 17}`,
    // Fractions of a second with none to six digits, and whole groups within one microsecond.
    at: at(
      `${month}-${String(1 + (n % 28)).padStart(2, '0')}`,
      `0${n % 10}:00:0${n % 3}${['', '.5', '.25', '.123', '.999999'][n % 5]!}`,
    ),
  }));

beforeAll(async () => {
  rig = await BillingRig.start();
  const tiers = [
    { up_to: 10, unit_price: '20' },
    { up_to: null, unit_price: '15' },
  ];
  const from = '2020-02-01';
  const tiered = withPrice(flat('sign_check', '0', { tiers, free: 3 }));
  tenants['tiers'] = await rig.tenant({ from, terms: tiered });
  tenants['recognised'] = await rig.tenant({ from, terms: tiered });
  tenants['window'] = await rig.tenant({
    from,
    terms: withPrice(flat('auth_check', '100', { dedupe: 'fiscal_year' })),
  });
  tenants['none'] = await rig.tenant();
  await rig.recognise('2020-02-10', '2021-01-01', tenants['recognised']);
  for (const tenantId of Object.values(tenants)) await rig.meter(population(tenantId, '2020-02'));
  await rig.closeUntil('2020-02');
  for (const tenantId of Object.values(tenants)) {
    await rig.meter(population(tenantId, '2020-03'));
    await rig.meter(population(tenantId, '2020-02').slice(0, 60));
  }
  await rig.closeUntil('2020-03');
}, 120_000);
afterAll(() => rig.stop());

const invoiceOf = ({ id, tenantId, mode, month, content }: Statement) => ({
  tenantId,
  mode,
  month,
  statementId: id,
  number: 'TEST-2020-000001',
  document: {
    lines: content.lines
      .filter(({ billed }) => billed)
      .map((line, index) => ({ number: index + 1, statement_line: line.number })) as never,
  },
});

const run = <T>(reader: Reader, tenantId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> =>
  reader === 'tenant' ? withTenant(rig.api, { tenantId, mode: 'test' }, work) : rig.admin.transaction(work);

async function written(reader: Reader, statement: Statement): Promise<string> {
  let text = '';
  await run(reader, statement.tenantId, async (manager) => {
    for await (const piece of eventCsv(manager, reader, invoiceOf(statement))) text += piece;
  });
  return text;
}

/** The same file from the lists that the API pages through: every event, and the events of each line. */
async function listed(reader: Reader, statement: Statement): Promise<string> {
  const invoice = invoiceOf(statement);
  const invoiceLines = new Map(
    (invoice.document.lines as { number: number; statement_line: number }[]).map((line) => [
      line.statement_line,
      line.number,
    ]),
  );
  return rig.month(reader, statement.tenantId, statement.month, async (manager, opened) => {
    const lines = { contract: new Map<string, number>(), jlis: new Map<string, number>() };
    for (const { layer, number, events } of statement.content.lines)
      if (events)
        for (const { id } of await listUsageEvents(manager, opened, { take: 10_000 }, { line: events }))
          lines[layer].set(id, number);
    const rows = (await listUsageEvents(manager, opened, { take: 10_000 })).map((event) => {
      const of = (layer: 'contract' | 'jlis', reason: string | undefined) => {
        const number = lines[layer].get(event.id);
        return [number === undefined ? null : (invoiceLines.get(number) ?? null), number ?? null, reason ?? null];
      };
      return csvRow([
        toPublicId('use', event.id),
        new Date(event.occurredAt.getTime() + 9 * 3_600_000).toISOString().replace('Z', '+09:00'),
        event.meter,
        event.method,
        event.purpose,
        event.outcome,
        event.certificateKind,
        String(event.late),
        ...of('contract', event.contractReason),
        ...of('jlis', event.jlisReason),
        event.verificationId === undefined ? null : toPublicId('ver', event.verificationId),
        event.source,
        null,
        invoice.number,
        toPublicId('stm', statement.id),
      ]);
    });
    return CSV_BOM + csvRow(EVENT_CSV_COLUMNS) + rows.join('');
  });
}

describe('the CSV of usage events', () => {
  it.each(['tiers', 'recognised', 'window', 'none'])(
    'has each event of the month in order, in the lines that the lists have it in, for either reader: %s',
    async (name) => {
      for (const month of MONTHS) {
        const statement = await rig.statement(tenants[name]!, month);
        const expected = await listed('tenant', statement);
        expect(expected.split('\r\n')).toHaveLength(month === '2020-02' ? 302 : 362);
        expect(await written('tenant', statement)).toBe(expected);
        expect(await written('operators', statement)).toBe(expected);
      }
    },
  );
  it('is made once more in the same transaction', async () => {
    const statement = await rig.statement(tenants['tiers']!, '2020-03');
    await run('operators', statement.tenantId, async (manager) => {
      const hash = async () => {
        const file = await spool(eventCsv(manager, 'operators', invoiceOf(statement)));
        file.stream().destroy();
        return file.sha256;
      };
      expect(await hash()).toBe(await hash());
    });
  });
  it('opens nothing of a tenant for another one', async () => {
    const statement = await rig.statement(tenants['tiers']!, '2020-03');
    const other = { tenantId: tenants['none']!, mode: 'test' } as const;
    await withTenant(rig.api, other, async (manager) => {
      const pieces = eventCsv(manager, 'tenant', invoiceOf(statement));
      await expect(pieces.next()).rejects.toMatchObject({ code: 'not_found' });
      const scope = `'${statement.tenantId}', 'test', '-infinity', 'infinity', pg_current_snapshot(), null, null,
        array[now()], '[]', '[]'`;
      await manager.query(`select open_tenant_usage(${scope})`);
      expect(await manager.query('fetch 10 from usage_plain')).toEqual([]);
      expect(await manager.query('fetch 10 from usage_other')).toEqual([]);
    });
  });
  it('is left at once when the reader goes away, also while the database computes: the connection is free', async () => {
    const statement = await rig.statement(tenants['recognised']!, '2020-03');
    await rig.whileUnreadable(async () => {
      const gone = new AbortController();
      const reason = new Error('gone');
      const reading = run('operators', statement.tenantId, (manager) =>
        spool(eventCsv(manager, 'operators', invoiceOf(statement), gone.signal)),
      );
      const refused = expect(reading).rejects.toBe(reason);
      await rig.untilWaiting(1);
      gone.abort(reason);
      await refused;
      await rig.untilWaiting(0);
    });
  });
});

describe('what more use would add to a month', () => {
  const sweep = (of: string, persons: readonly string[]): GivenEvent[] =>
    persons.map((person) => ({ tenantId: tenants[of]!, ...check, person, at: at('2020-04-15', '09:00:00') }));
  const names = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `s${from + n}`);

  it.each([
    // Tiers and free units are those of the month: 7 were used, 3 of them free and 4 of the first ten at 20 yen. 6 more are
    // at 20 yen and 6 at 15. J-LIS: 20 yen for each that the year has not counted.
    ['recognised', 12, 4, { contractYen: 6 * 20 + 6 * 15, jlisYen: 8 * 20, billedYen: 6 * 20 + 6 * 15 }],
    ['tiers', 12, 4, { contractYen: 6 * 20 + 6 * 15, jlisYen: 12 * 20, billedYen: 6 * 20 + 6 * 15 }],
  ])('is estimated, and what is closed comes to it: %s', async (name, events, countedBefore, expected) => {
    const tenancy = { tenantId: tenants[name]!, mode: 'test' } as const;
    const past = names(0, 7);
    await rig.meter(sweep(name, past).map((event) => ({ ...event, at: at('2020-04-02') })));
    const now = Date.parse(at('2020-04-15', '08:00:00'));
    const further = { meter: 'sign_check', purpose: 'status_check', method: 'crl', certificateKind: 'sign' } as const;
    const before = await usedYen(name);
    const told = await withTenant(rig.api, tenancy, (manager) =>
      estimateUse(manager, tenancy, now, [{ ...further, events, countedBefore }]),
    );
    expect(told).toEqual(expected);
    await rig.meter(sweep(name, [...past.slice(0, countedBefore), ...names(7, 7 + events - countedBefore)]));
    expect(await usedYen(name)).toBe(before + expected.billedYen);
  });
  it('and the statements say the same', async () => {
    const estimates = [await usedYen('recognised'), await usedYen('tiers')];
    await rig.closeUntil('2020-04');
    const totals = async (name: string) => (await rig.statement(tenants[name]!, '2020-04')).content.totals;
    expect([(await totals('recognised')).billed_yen, (await totals('tiers')).billed_yen]).toEqual(estimates);
    // 7 + 8 persons once in the year, against every one of 7 + 12.
    expect([(await totals('recognised')).jlis_yen, (await totals('tiers')).jlis_yen]).toEqual([15 * 20, 19 * 20]);
  });
  it('is nothing where what is used has no fee yet', async () => {
    const tenancy = { tenantId: tenants['tiers']!, mode: 'test' } as const;
    const attributes = { meter: 'attributes_delivered', purpose: 'attribute_update', method: 'service' } as const;
    const told = await withTenant(rig.api, tenancy, (manager) =>
      estimateUse(manager, tenancy, Date.parse(at('2020-05-02')), [
        { ...attributes, certificateKind: 'sign', events: 1, countedBefore: 0 },
      ]),
    );
    expect(told).toBeUndefined();
  });
});

describe('the CSV of usage events while a month is closed', () => {
  /** More than two pages of the cursor. */
  const MANY = 12_000;
  const given = (tenantId: string, month: string, count: number): GivenEvent[] =>
    Array.from({ length: count }, (_, n) => ({
      tenantId,
      at: at(`${month}-${String(1 + (n % 28)).padStart(2, '0')}`),
    }));

  it('is whole and the same while its own month is still being closed and events come late, as when it is done', async () => {
    const tenantId = tenants['tiers']!;
    await rig.meter(given(tenantId, '2020-05', 300));
    const closed = await rig.whileClosing('2020-05', tenants['recognised']!, async () => {
      const statement = await rig.statement(tenantId, '2020-05');
      await rig.meter(given(tenantId, '2020-05', 40));
      expect(await isClosed('2020-05')).toBe(false);
      return { statement, text: await written('operators', statement) };
    });
    expect(await isClosed('2020-05')).toBe(true);
    expect(closed.text.split('\r\n')).toHaveLength(302);
    expect(await written('tenant', closed.statement)).toBe(closed.text);
  });
  it('is of one sight though it is read while its month is asked to be closed again and the next one is, and holds up neither', async () => {
    const tenantId = tenants['tiers']!;
    await rig.meter(given(tenantId, '2020-06', MANY));
    await rig.closeUntil('2020-06');
    const statement = await rig.statement(tenantId, '2020-06');
    const before = await written('tenant', statement);
    // With those that came too late for the month before.
    expect(before.split('\r\n')).toHaveLength(MANY + 40 + 2);
    const read = await run('tenant', tenantId, async (manager) => {
      const pieces = eventCsv(manager, 'tenant', invoiceOf(statement));
      let text = '';
      const next = async (): Promise<boolean> => {
        const { value, done } = (await pieces.next()) as IteratorResult<string, undefined>;
        text += value ?? '';
        return !done;
      };
      // The heading and what came late: both cursors are open, and most is not read.
      expect([await next(), await next()]).toEqual([true, true]);
      await rig.meter([...given(tenantId, '2020-06', 50), ...given(tenantId, '2020-07', 7)]);
      expect(await rig.closing.close('test', '2020-06', 'operator:test')).toBeUndefined();
      await rig.closeUntil('2020-07');
      expect((await rig.statement(tenantId, '2020-07')).content.totals).toMatchObject({ events: 57, late_events: 50 });
      expect(text.length).toBeLessThan(before.length);
      while (await next());
      return text;
    });
    expect(read).toBe(before);
  });
});

const isClosed = async (month: string): Promise<boolean> => {
  const closed: unknown[] = await rig.worker.query(
    `select 1 from month_close where mode = 'test' and month = $1 and closed_at is not null`,
    [month],
  );
  return closed.length > 0;
};

const usedYen = (name: string): Promise<number> =>
  rig.month(
    'tenant',
    tenants[name]!,
    '2020-04',
    async (manager, opened) => rateUsage(opened, await readUsage(manager, opened)).totals.billed_yen,
  );
