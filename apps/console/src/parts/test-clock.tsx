import { useReading } from '../language';
import { useSession } from '../session';
import { State } from './state';

/** Now by a clock that is moved so far. */
export const testTime = (offset: number): string => new Date(Date.now() + offset).toISOString();

/** What the clock of test mode shows and by how much it is moved; nothing while it shows the real time. */
export function TestClock() {
  const { t, format } = useReading();
  const offset = useSession().installation?.test_clock_offset_ms ?? 0;
  if (offset === 0) return null;
  return (
    <State tone="warn">
      {t('common.test_clock', { at: format.minute(testTime(offset)), offset: format.offset(offset) })}
    </State>
  );
}
