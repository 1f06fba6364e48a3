import { Button, Group, SegmentedControl, Text } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Chart } from '../../parts/chart';
import type { Series } from '../../parts/chart-data';
import { Empty, Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { Facts, Panel } from '../../parts/page';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { oneOf } from '../../search';
import { METERS } from './plan-draft';
import { byMeter, monthAfter, type MeterUsage, usedByDay } from './usage-days';

type Usage = Schemas['Usage'];

const usageOf = (id: string, mode: Mode, month: string | undefined) =>
  queryOptions({
    queryKey: ['usage', id, mode, month],
    queryFn: () =>
      ask(() => client.GET('/v1/tenants/{id}/usage', { params: { path: { id }, query: { mode, month } } })),
  });

interface UsagePanelProps {
  tenantId: string;
  mode: Mode;
  /** Undefined: the present one. */
  month: string | undefined;
  onMonth: (month: string | undefined) => void;
}

/** What a tenant has used in a month, day by day, and what that comes to: an estimate until the month is closed. */
export function UsagePanel({ tenantId, mode, month: named, onMonth }: UsagePanelProps) {
  const { t, format } = useReading();
  // What was shown stays while another month of the same tenant and mode is asked for.
  const found = useQuery({
    ...usageOf(tenantId, mode, named),
    placeholderData: (previous, query) =>
      query?.queryKey[1] === tenantId && query.queryKey[2] === mode ? previous : undefined,
  });
  // By the clock of the mode, which only the server knows.
  const present = useQuery(usageOf(tenantId, mode, undefined)).data?.month;
  const columns: Column<MeterUsage>[] = [
    {
      name: 'meter',
      title: t('prices.meter'),
      cell: ({ meter }) => t(`prices.meter_${meter}`),
      text: ({ meter }) => t(`prices.meter_${meter}`),
    },
    {
      name: 'events',
      title: t('prices.usage_count'),
      right: true,
      cell: ({ events }) => format.number(events),
      text: ({ events }) => events,
    },
    {
      name: 'free',
      title: t('prices.usage_free'),
      right: true,
      cell: ({ free }) => format.number(free),
      text: ({ free }) => free,
    },
  ];
  const go = (to: string): void => onMonth(to === present ? undefined : to);
  return (
    <Loaded query={found}>
      {({ month, amounts, closed, data }) => (
        <Panel
          title={t('prices.usage', { month: format.month(month) })}
          actions={
            <>
              <State tone={closed ? 'good' : 'info'}>
                {t(closed ? 'prices.usage_settled' : 'prices.usage_estimate')}
              </State>
              <Button size="xs" variant="default" onClick={() => go(monthAfter(month, -1))}>
                {t('prices.usage_month_before')}
              </Button>
              <Button
                size="xs"
                variant="default"
                disabled={present === undefined || month >= present}
                onClick={() => go(monthAfter(month, 1))}
              >
                {t('prices.usage_month_after')}
              </Button>
            </>
          }
        >
          {amounts === null ? (
            <Text size="sm" p="md">
              {t('prices.usage_no_price')}
            </Text>
          ) : (
            <Facts
              facts={[
                [t('statements.contract_yen'), format.yen(amounts.contract_yen)],
                [t('statements.jlis_yen'), format.yen(amounts.jlis_yen)],
                [t('statements.billed_yen'), format.yen(amounts.billed_yen)],
              ]}
            />
          )}
          {data.length === 0 ? (
            <Empty>{t('prices.usage_none')}</Empty>
          ) : (
            <>
              <UsageChart month={month} data={data} />
              <Rows
                label={t('prices.usage_by_meter')}
                columns={columns}
                rows={byMeter(data)}
                keyOf={({ meter }) => meter}
                whole={`usage-${mode}-${month}`}
              />
            </>
          )}
        </Panel>
      )}
    </Loaded>
  );
}

const DIVISIONS = ['meter', 'outcome'] as const;
type Division = (typeof DIVISIONS)[number];
const METER_TONES = {
  sign_check: 'one',
  auth_check: 'two',
  counterpart_delivered: 'three',
  attributes_delivered: 'four',
} as const;
const OUTCOMES = [
  ['valid', 'good'],
  ['indeterminate', 'warn'],
  ['invalid', 'bad'],
] as const;

/** How much was used on each day of a month, by what was metered or by what came of it. */
function UsageChart({ month, data }: Pick<Usage, 'month' | 'data'>) {
  const { t, format } = useReading();
  const [by, setBy] = useState<Division>('meter');
  const series: Series[] =
    by === 'meter'
      ? METERS.filter((meter) => data.some((row) => row.meter === meter)).map((name) => ({
          name,
          title: t(`prices.meter_${name}`),
          tone: METER_TONES[name],
        }))
      : OUTCOMES.map(([name, tone]) => ({ name, title: t(`verifications.outcome_${name}`), tone }));
  return (
    <>
      <Group px="md" pt="md">
        <SegmentedControl
          size="xs"
          aria-label={t('overview.division')}
          value={by}
          data={DIVISIONS.map((value) => ({ value, label: t(`prices.usage_by_${value}`) }))}
          onChange={(next) => setBy(oneOf(DIVISIONS, next) ?? 'meter')}
        />
      </Group>
      <Chart
        label={t('prices.usage_chart', { month: format.month(month), division: t(`prices.usage_by_${by}`) })}
        slot={t('overview.slot_days')}
        kind="bars"
        series={series}
        slots={usedByDay(month, data, (row) => row[by]).map(({ day, values }) => ({
          key: day,
          label: String(Number(day.slice(-2))),
          title: format.date(day),
          values,
        }))}
        text={format.number}
        nothing={t('prices.usage_none')}
      />
    </>
  );
}
