import { Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useReading } from '../../language';
import { Empty } from '../../parts/loaded';
import { State, type Tone } from '../../parts/state';

export interface Dated<Terms> {
  valid_from: string;
  terms: Terms;
}

type Standing = 'now' | 'future' | 'past';
const TONES: Record<Standing, Tone> = { now: 'good', future: 'info', past: 'calm' };

/** Where today, by the clock of the mode, stands to a period; `until` is the day after it. */
export const standing = (today: string, from: string, until: string | null): Standing =>
  from > today ? 'future' : until !== null && until <= today ? 'past' : 'now';

export function StandingState({ today, from, until }: { today: string; from: string; until: string | null }) {
  const { t } = useReading();
  const is = standing(today, from, until);
  return <State tone={TONES[is]}>{t(`prices.standing_${is}`)}</State>;
}

/** Each is in force until the next begins; newest first. `until` is the day after the last one. @param rows oldest first */
export const periodsOf = <Row extends { valid_from: string }>(
  rows: readonly Row[],
): (Row & { until: string | null })[] =>
  rows.map((row, index) => ({ ...row, until: rows[index + 1]?.valid_from ?? null })).toReversed();

/** What follows one another, newest first. */
export function History<Terms>({
  today,
  rows,
  none,
  children,
}: {
  today: string;
  /** Oldest first. */
  rows: readonly Dated<Terms>[];
  none: string;
  children: (terms: Terms, key: string) => ReactNode;
}) {
  const { format } = useReading();
  if (rows.length === 0) return <Empty>{none}</Empty>;
  return (
    <Stack gap={0}>
      {periodsOf(rows).map(({ valid_from: from, until, terms }) => (
        <div key={from} className="period">
          <Group gap="xs" px="md" pt="sm" pb={6}>
            <Text fw={650} size="sm" className="numbers">
              {format.period(from, until)}
            </Text>
            <StandingState today={today} from={from} until={until} />
          </Group>
          {children(terms, from)}
        </div>
      ))}
    </Stack>
  );
}
