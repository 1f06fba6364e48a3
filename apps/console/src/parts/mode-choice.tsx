import { Group, SegmentedControl } from '@mantine/core';
import { useReading } from '../language';
import { oneOf } from '../search';
import { sessionStore } from '../session-store';
import { TestClock } from './test-clock';

export const MODES = ['live', 'test'] as const;
export type Mode = (typeof MODES)[number];

const STORED_AS = 'shomei-mode';

/** What was chosen in this browser; without a choice test until somebody is live. */
const usualMode = (): Mode =>
  oneOf(MODES, localStorage.getItem(STORED_AS) ?? undefined) ??
  (sessionStore.session?.installation?.any_tenant_live === true ? 'live' : 'test');

/** The mode that an address names; without one the usual. */
export const modeOf = (named: string | undefined): Mode => oneOf(MODES, named) ?? usualMode();

/** Live and test are never shown together where there is money. What is chosen holds for the pages to come. */
export function ModeChoice({ mode, onMode }: { mode: Mode; onMode: (mode: Mode) => void }) {
  const { t } = useReading();
  const choose = (value: string): void => {
    const next = modeOf(value);
    localStorage.setItem(STORED_AS, next);
    onMode(next);
  };
  return (
    <Group gap="sm">
      <SegmentedControl
        aria-label={t('common.mode')}
        value={mode}
        data={MODES.map((value) => ({ value, label: t(`common.mode_${value}`) }))}
        onChange={choose}
      />
      {mode === 'test' && <TestClock />}
    </Group>
  );
}
