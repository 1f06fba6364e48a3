import { SegmentedControl } from '@mantine/core';
import { useReading } from '../language';
import { oneOf } from '../search';

export const MODES = ['live', 'test'] as const;
export type Mode = (typeof MODES)[number];

/** The mode that an address names; without one live. */
export const modeOf = (named: string | undefined): Mode => oneOf(MODES, named) ?? 'live';

/** Live and test are never shown together where there is money. */
export function ModeChoice({ mode, onMode }: { mode: Mode; onMode: (mode: Mode) => void }) {
  const { t } = useReading();
  return (
    <div>
      <SegmentedControl
        aria-label={t('common.mode')}
        value={mode}
        data={MODES.map((value) => ({ value, label: t(`common.mode_${value}`) }))}
        onChange={(value) => onMode(modeOf(value))}
      />
    </div>
  );
}
