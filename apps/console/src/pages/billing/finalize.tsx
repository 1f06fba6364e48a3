import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Propose } from './propose';

type Draft = Schemas['InvoiceDraft'];

interface FinalizeProps {
  drafts: readonly Draft[];
  onProposed?: () => void;
  onClose: () => void;
}

/** Puts drafts before a second person, naming what they come to. */
export function Finalize({ drafts, onProposed, onClose }: FinalizeProps) {
  const { t, format } = useReading();
  const total = drafts.reduce((sum, { totals }) => sum + totals.total_yen, 0);
  return (
    <Propose
      title={t('invoices.finalize')}
      thing={t('invoices.finalize_thing', {
        month: format.list([...new Set(drafts.map(({ month }) => format.month(month)))]),
        count: drafts.length,
        total: format.yen(total),
      })}
      effect={t('invoices.finalize_effect')}
      send={async (reason) => {
        const body = { draft_ids: drafts.map(({ id }) => id), reason };
        await ask(() => client.POST('/v1/invoice-finalizations', { body }));
        onProposed?.();
      }}
      done={t('invoices.finalize_done')}
      onClose={onClose}
    />
  );
}
