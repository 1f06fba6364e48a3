import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import type { Column } from '../../parts/table';
import { TenantName } from '../approvals/subject';
import { InvoiceState } from './invoice-state';

type Summary = Schemas['InvoiceSummary'];

/** How invoices are listed; `withTenant` where they are of several. */
export function useInvoiceColumns({ withTenant }: { withTenant: boolean }): Column<Summary>[] {
  const { t, format } = useReading();
  const whose: Column<Summary>[] = [
    { name: 'recipient', title: t('invoices.recipient'), cell: ({ recipient_name: name }) => name },
    { name: 'tenant', title: t('tenants.tenant'), cell: ({ tenant_id: id }) => <TenantName id={id} /> },
  ];
  return [
    {
      name: 'number',
      title: t('invoices.number'),
      cell: ({ id, number }) => (
        <Link to="/invoices/$invoiceId" params={{ invoiceId: id }} className="numbers">
          {number}
        </Link>
      ),
    },
    { name: 'state', title: t('invoices.state'), cell: ({ state }) => <InvoiceState state={state} /> },
    { name: 'month', title: t('invoices.month'), cell: ({ month }) => format.month(month) },
    ...(withTenant ? whose : []),
    { name: 'total_yen', title: t('invoices.total'), right: true, cell: ({ total_yen: yen }) => format.yen(yen) },
    { name: 'issued_on', title: t('invoices.issued_on'), cell: ({ issued_on: on }) => format.date(on) },
    { name: 'due', title: t('invoices.due_on'), cell: ({ due_on: on }) => format.date(on) },
  ];
}
