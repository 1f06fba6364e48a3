/** Pixels. */
export const CHART_HEIGHT = 220;

/** The tones of theme.ts, as they are drawn; where one says nothing of good or bad, by number. */
export type ChartTone = 'good' | 'bad' | 'warn' | 'one' | 'two' | 'three' | 'four';

export interface Series {
  name: string;
  title: string;
  tone: ChartTone;
}

/** What stands above one place of the axis. */
export interface Slot {
  /** Unique. */
  key: string;
  /** Below the axis, short. */
  label: string;
  /** In full. */
  title: string;
  /** By the name of the series; one without a value is left out. */
  values: Readonly<Record<string, number>>;
}

export interface ChartProps {
  /** What the chart shows, for those who do not see it too. */
  label: string;
  /** What a place of the axis is. */
  slot: string;
  kind: 'bars' | 'lines';
  series: readonly Series[];
  slots: readonly Slot[];
  /** A value in words. */
  text: (value: number) => string;
  /** What is said where nothing has a value. */
  nothing: string;
}
