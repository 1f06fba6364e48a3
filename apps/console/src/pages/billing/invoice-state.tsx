import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { State, type Tone } from '../../parts/state';

type Any = Schemas['Invoice']['state'] | Schemas['InvoiceDraft']['state'];
const TONES: Record<Any, Tone> = { finalized: 'good', void: 'bad', open: 'info', discarded: 'calm' };

export function InvoiceState({ state }: { state: Any }) {
  const { t } = useReading();
  return <State tone={TONES[state]}>{t(`invoices.state_${state}`)}</State>;
}
