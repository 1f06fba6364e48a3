import { Box, Group, Skeleton, Text } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useReading } from '../language';
import { CHART_HEIGHT, type ChartProps, type Slot } from './chart-data';
import { Empty } from './loaded';
import { type Column, Rows } from './table';

/** The library that draws is fetched when there is something to draw. */
const Drawing = lazy(() => import('./chart-drawing'));

/** A chart with its legend, and the same figures as a table for whoever wants to read them. */
export function Chart(props: ChartProps) {
  const { t } = useReading();
  const { label, series, slots, nothing } = props;
  if (slots.every(({ values }) => series.every(({ name }) => !values[name]))) return <Empty>{nothing}</Empty>;
  return (
    <Box p="md">
      <Group gap="md" mb="xs">
        {series.map(({ name, title, tone }) => (
          <Text key={name} size="xs" component="span" className="chart-key" data-tone={tone}>
            {title}
          </Text>
        ))}
      </Group>
      <div role="img" aria-label={label}>
        <Suspense fallback={<Skeleton height={CHART_HEIGHT} />}>
          <Drawing {...props} />
        </Suspense>
      </div>
      <details className="chart-table">
        <summary>{t('charts.as_table')}</summary>
        <Figures {...props} />
      </details>
    </Box>
  );
}

function Figures({ label, slot, series, slots, text }: ChartProps) {
  const columns: Column<Slot>[] = [
    { name: 'slot', title: slot, cell: ({ title }) => title },
    ...series.map(({ name, title }): Column<Slot> => ({
      name,
      title,
      right: true,
      cell: ({ values }) => (values[name] === undefined ? '—' : text(values[name])),
    })),
  ];
  const shown = slots.filter(({ values }) => Object.keys(values).length > 0);
  return <Rows label={label} columns={columns} rows={shown} keyOf={({ key }) => key} />;
}
