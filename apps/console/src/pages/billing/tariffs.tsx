import { Button, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty, Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { Panel } from '../../parts/page';
import { type Column, Rows } from '../../parts/table';
import { useMay } from '../../session';
import { TenantName } from '../approvals/subject';
import { periodsOf, standing, StandingState } from './history';
import { ITEMS, ProposeRecognition, ProposeReduction, ProposeTariff } from './propose-jlis';
import { sourceText } from './source-text';
import { WaitingPrices } from './waiting';

type Prices = Schemas['JlisPrices'];
type Tariff = Prices['tariffs'][number];
type Reduction = Prices['reductions'][number];
type Recognition = Prices['recognitions'][number];

/** The fees of J-LIS, what it has granted, and that status checks count once a year. */
export function Tariffs({ mode }: { mode: Mode }) {
  const { t } = useReading();
  const may = useMay();
  const [proposing, setProposing] = useState<'tariff' | 'reduction' | 'recognition'>();
  const close = (): void => setProposing(undefined);
  const found = useQuery({
    queryKey: ['jlis-prices', mode],
    queryFn: () => ask(() => client.GET('/v1/jlis-prices/{mode}', { params: { path: { mode } } })),
  });
  const propose = (what: 'tariff' | 'reduction' | 'recognition') =>
    may('prices:propose') && (
      <Button size="xs" variant="default" onClick={() => setProposing(what)}>
        {t(`prices.propose_${what}`)}
      </Button>
    );
  return (
    <Loaded query={found}>
      {({ today, tariffs, reductions, recognitions }) => (
        <Stack>
          <Panel title={t('prices.tab_tariffs')} actions={propose('tariff')}>
            <WaitingPrices noun="jlis_tariff" mode={mode} />
            <TariffTable today={today} tariffs={tariffs} />
          </Panel>
          <Panel title={t('prices.reductions')} actions={propose('reduction')}>
            <WaitingPrices noun="jlis_reduction" mode={mode} />
            <Reductions today={today} rows={reductions} />
          </Panel>
          <Panel title={t('prices.recognitions')} actions={propose('recognition')}>
            <WaitingPrices noun="jlis_recognition" mode={mode} />
            <Recognitions today={today} rows={recognitions} />
          </Panel>
          {proposing === 'tariff' && <ProposeTariff mode={mode} before={tariffs.at(-1)?.terms} onClose={close} />}
          {proposing === 'reduction' && <ProposeReduction mode={mode} onClose={close} />}
          {proposing === 'recognition' && <ProposeRecognition mode={mode} onClose={close} />}
        </Stack>
      )}
    </Loaded>
  );
}

type Row = (typeof ITEMS)[number] | 'tax_category' | 'year_start' | 'source';
const ROWS: readonly Row[] = [...ITEMS, 'tax_category', 'year_start', 'source'];

/** Fees side by side, newest first: what has changed is seen along a row. */
function TariffTable({ today, tariffs }: { today: string; tariffs: readonly Tariff[] }) {
  const { t, format, language } = useReading();
  if (tariffs.length === 0) return <Empty>{t('prices.no_tariffs')}</Empty>;
  const say = ({ rates, ...terms }: Tariff['terms'], row: Row): string => {
    if (row === 'tax_category') return t(`prices.tax_${terms.tax_category}`);
    if (row === 'year_start') return terms[row];
    if (row === 'source') return sourceText(language, terms[row]);
    const rate = rates[row];
    return rate === undefined ? t('prices.not_offered') : format.yen(rate);
  };
  const columns: Column<Row>[] = [
    {
      name: 'item',
      title: t('prices.meter'),
      cell: (row) =>
        row === 'tax_category' || row === 'year_start' || row === 'source'
          ? t(`prices.${row}`)
          : t(`prices.meter_${row}`),
    },
    ...periodsOf(tariffs).map(({ valid_from: from, until, terms }) => ({
      name: from,
      title: `${format.period(from, until)} · ${t(`prices.standing_${standing(today, from, until)}`)}`,
      right: true,
      cell: (row: Row) => say(terms, row),
    })),
  ];
  return <Rows label={t('prices.rates')} columns={columns} rows={ROWS} keyOf={(row) => row} whole="jlis-fees" />;
}

/** For whom, and on which days: what reductions and recognitions share. */
function useScope<Row extends Pick<Recognition, 'tenant_id' | 'from' | 'until'>>(today: string): Column<Row>[] {
  const { t, format } = useReading();
  return [
    { name: 'period', title: t('common.period'), cell: ({ from, until }) => format.period(from, until) },
    {
      name: 'now',
      title: t('months.state'),
      cell: ({ from, until }) => <StandingState today={today} from={from} until={until} />,
      text: ({ from, until }) => t(`prices.standing_${standing(today, from, until)}`),
    },
    {
      name: 'tenant',
      title: t('prices.tenant_id'),
      cell: ({ tenant_id: id }) => (id === null ? t('prices.everybody') : <TenantName id={id} />),
      text: ({ tenant_id: id }) => id ?? t('prices.everybody'),
    },
  ];
}

function Reductions({ today, rows }: { today: string; rows: Reduction[] }) {
  const { t, format } = useReading();
  const scope = useScope<Reduction>(today);
  if (rows.length === 0) return <Empty>{t('prices.no_reductions')}</Empty>;
  const columns: Column<Reduction>[] = [
    ...scope,
    { name: 'of', title: t('prices.applies_to'), cell: ({ terms }) => t(`prices.applies_to_${terms.applies_to}`) },
    {
      name: 'meter',
      title: t('prices.meter'),
      cell: ({ terms }) => t(terms.meter === undefined ? 'prices.all_meters' : `prices.meter_${terms.meter}`),
    },
    {
      name: 'off',
      title: t('prices.taken_off'),
      right: true,
      cell: ({ terms: { kind, value } }) =>
        kind === 'amount' ? format.yen(value) : t('prices.taken_off_percent', { value }),
    },
    { name: 'ground', title: t('prices.ground'), cell: ({ terms }) => t(`prices.ground_${terms.ground}`) },
    { name: 'letter', title: t('prices.approval_reference'), cell: ({ terms }) => terms.approval_reference },
  ];
  return (
    <Rows
      label={t('prices.reductions')}
      columns={columns}
      rows={rows.toReversed()}
      keyOf={({ id }) => id}
      whole="jlis-reductions"
    />
  );
}

function Recognitions({ today, rows }: { today: string; rows: Recognition[] }) {
  const { t } = useReading();
  const scope = useScope<Recognition>(today);
  if (rows.length === 0) return <Empty>{t('prices.no_recognitions')}</Empty>;
  const columns: Column<Recognition>[] = [
    ...scope,
    { name: 'letter', title: t('prices.approval_reference'), cell: ({ terms }) => terms.approval_reference },
  ];
  return (
    <Rows
      label={t('prices.recognitions')}
      columns={columns}
      rows={rows.toReversed()}
      keyOf={({ id }) => id}
      whole="jlis-recognitions"
    />
  );
}
