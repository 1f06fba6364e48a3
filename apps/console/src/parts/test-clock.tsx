import { useReading } from '../language';
import { useSession } from '../session';
import { State } from './state';

/** By how much the clock of test mode is moved; nothing while it shows the real time. */
export function TestClock() {
  const { t, format } = useReading();
  const offset = useSession().installation?.test_clock_offset_ms ?? 0;
  if (offset === 0) return null;
  return <State tone="warn">{t('common.test_clock', { offset: format.offset(offset) })}</State>;
}
