import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty, Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { Facts, Panel } from '../../parts/page';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';

type Usage = Schemas['Usage'];
interface MeterUsage {
  meter: Usage['data'][number]['meter'];
  events: number;
  free: number;
}

/** What has been used by meter; `free` is in no line of the contract's prices. */
export function byMeter(data: Usage['data']): MeterUsage[] {
  const found = new Map<string, MeterUsage>();
  for (const { meter, events, contract_unbilled: why } of data) {
    const before = found.get(meter) ?? { meter, events: 0, free: 0 };
    found.set(meter, {
      meter,
      events: before.events + events,
      free: before.free + (why === null ? 0 : events),
    });
  }
  return [...found.values()];
}

/** The present month of a tenant, as an estimate until it is closed. */
export function UsagePanel({ tenantId, mode }: { tenantId: string; mode: Mode }) {
  const { t, format } = useReading();
  const found = useQuery({
    queryKey: ['usage', tenantId, mode],
    queryFn: () =>
      ask(() => client.GET('/v1/tenants/{id}/usage', { params: { path: { id: tenantId }, query: { mode } } })),
  });
  const columns: Column<MeterUsage>[] = [
    { name: 'meter', title: t('prices.meter'), cell: ({ meter }) => t(`prices.meter_${meter}`) },
    { name: 'events', title: t('prices.usage_count'), right: true, cell: ({ events }) => format.number(events) },
    { name: 'free', title: t('prices.usage_free'), right: true, cell: ({ free }) => format.number(free) },
  ];
  return (
    <Loaded query={found}>
      {({ month, amounts, closed, data }) => (
        <Panel
          title={t('prices.usage', { month: format.month(month) })}
          actions={
            <State tone={closed ? 'good' : 'info'}>
              {t(closed ? 'prices.usage_settled' : 'prices.usage_estimate')}
            </State>
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
            <Rows label={t('prices.usage_count')} columns={columns} rows={byMeter(data)} keyOf={({ meter }) => meter} />
          )}
        </Panel>
      )}
    </Loaded>
  );
}
