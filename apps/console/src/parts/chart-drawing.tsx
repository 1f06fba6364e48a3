import { Bar, BarChart, CartesianGrid, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import { CHART_HEIGHT, type ChartProps, type ChartTone } from './chart-data';

/** Words below a chart that fit beside one another. */
const TICKS = 8;
const MARGIN = { top: 6, right: 6, bottom: 0, left: 0 };
const WORDS = { fill: 'var(--mantine-color-dimmed)', fontSize: 12 };
const colour = (tone: ChartTone): string => `var(--chart-${tone})`;

/** The picture alone: who reads it otherwise has the table beside it. */
export default function ChartDrawing({ kind, series, slots, text }: ChartProps) {
  const rows = slots.map(({ key, values }) => ({ key, ...values }));
  const labels = new Map(slots.map(({ key, label }) => [key, label]));
  const frame = [
    <CartesianGrid key="grid" vertical={false} stroke="var(--console-line)" />,
    <XAxis
      key="x"
      dataKey="key"
      tickFormatter={(key: string) => labels.get(key) ?? ''}
      tick={WORDS}
      tickLine={false}
      axisLine={{ stroke: 'var(--console-line)' }}
      // The same places in every chart of as many slots, however wide its figures are.
      ticks={slots.filter((_, at) => at % Math.ceil(slots.length / TICKS) === 0).map(({ key }) => key)}
      interval={0}
    />,
    <YAxis
      key="y"
      width="auto"
      tickFormatter={text}
      tick={WORDS}
      tickLine={false}
      axisLine={false}
      allowDecimals={false}
    />,
    <Tooltip
      key="tip"
      isAnimationActive={false}
      cursor={{ fill: 'var(--console-ground)', stroke: 'var(--console-line)' }}
      content={({ active, label }) =>
        active ? <Tip slot={slots.find(({ key }) => key === label)} {...{ series, text }} /> : null
      }
    />,
  ];
  return (
    <ResponsiveContainer width="100%" height={CHART_HEIGHT}>
      {kind === 'bars' ? (
        <BarChart data={rows} margin={MARGIN} accessibilityLayer={false}>
          {frame}
          {series.map(({ name, tone }) => (
            <Bar
              key={name}
              dataKey={name}
              stackId="all"
              fill={colour(tone)}
              maxBarSize={36}
              isAnimationActive={false}
            />
          ))}
        </BarChart>
      ) : (
        <LineChart data={rows} margin={MARGIN} accessibilityLayer={false}>
          {frame}
          {series.map(({ name, tone }) => (
            <Line
              key={name}
              dataKey={name}
              stroke={colour(tone)}
              strokeWidth={2}
              dot={{ r: 2.5, fill: colour(tone) }}
              isAnimationActive={false}
            />
          ))}
        </LineChart>
      )}
    </ResponsiveContainer>
  );
}

/** What stands above the place that the mouse is at. */
function Tip({
  slot,
  series,
  text,
}: { slot: ChartProps['slots'][number] | undefined } & Pick<ChartProps, 'series' | 'text'>) {
  if (!slot) return null;
  return (
    <div className="chart-tip">
      <strong>{slot.title}</strong>
      {series.map(({ name, title, tone }) => (
        <div key={name}>
          <span className="chart-key" data-tone={tone}>
            {title}
          </span>
          <span className="numbers">{slot.values[name] === undefined ? '—' : text(slot.values[name])}</span>
        </div>
      ))}
    </div>
  );
}
