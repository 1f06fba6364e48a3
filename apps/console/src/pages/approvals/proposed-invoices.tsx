import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';
import { Loaded } from '../../parts/loaded';
import { Facts, Panel } from '../../parts/page';
import { ModeState, State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { type FinalizationProposal, invoiceIdOf } from './subject';

type Draft = Schemas['InvoiceDraft'];

/** What is to be finalized, as it would be sent: to whom, how much, and when it is due. */
export function ProposedInvoices({
  approvalId,
  after,
  isIssued,
}: {
  approvalId: string;
  after: FinalizationProposal;
  isIssued: boolean;
}) {
  const { t, format } = useReading();
  const agreed = new Map(Object.entries(after.invoices).map(([uuid, sha256]) => [invoiceIdOf(uuid), sha256]));
  const found = useQuery({
    queryKey: ['approval', approvalId, 'drafts'],
    queryFn: () =>
      Promise.all(
        [...agreed.keys()].map((id) => ask(() => client.GET('/v1/invoice-drafts/{id}', { params: { path: { id } } }))),
      ),
  });
  const columns: Column<Draft>[] = [
    {
      name: 'recipient',
      title: t('invoices.recipient'),
      cell: ({ id, recipient: { name } }) =>
        isIssued ? (
          <Link to="/invoices/$invoiceId" params={{ invoiceId: id }}>
            {name}
          </Link>
        ) : (
          <Link to="/invoice-drafts/$draftId" params={{ draftId: id }}>
            {name}
          </Link>
        ),
      text: ({ recipient: { name } }) => name,
    },
    { name: 'month', title: t('invoices.month'), cell: ({ month }) => format.month(month) },
    {
      name: 'total',
      title: t('invoices.total'),
      right: true,
      cell: ({ totals }) => format.yen(totals.total_yen),
      text: ({ totals }) => totals.total_yen,
    },
    {
      name: 'tax',
      title: t('invoices.tax_total'),
      right: true,
      cell: ({ totals }) => format.yen(totals.tax_yen),
      text: ({ totals }) => totals.tax_yen,
    },
    { name: 'due', title: t('invoices.due_on'), cell: ({ due_on: on }) => format.date(on) },
    {
      name: 'sha256',
      title: t('invoices.sha256'),
      // What is approved is the text with this hash; a draft that had another would be another one.
      cell: ({ id, sha256 }) =>
        agreed.get(id) === sha256 ? (
          <Copyable text={sha256} shown={`${sha256.slice(0, 8)}…`} />
        ) : (
          <State tone="bad">{t('approvals.draft_differs')}</State>
        ),
      text: ({ sha256 }) => sha256,
    },
  ];
  return (
    <Panel title={t('approvals.field_drafts')}>
      <Loaded query={found}>
        {(drafts) => (
          <>
            <Facts
              facts={[
                [t('invoices.month'), format.month(after.month)],
                [t('common.mode'), <ModeState mode={after.mode} />],
                [t('approvals.drafts_count'), format.number(agreed.size)],
                [t('approvals.total'), <b>{format.yen(after.total_yen)}</b>],
              ]}
            />
            <Rows label={t('approvals.field_drafts')} columns={columns} rows={drafts} keyOf={({ id }) => id} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}
