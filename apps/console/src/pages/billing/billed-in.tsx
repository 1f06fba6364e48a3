import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';

type Traced = Schemas['TracedUsageEvent'];

/** The lines of the statement an event is in, and the invoice that bills them. */
export function BilledIn({ event: { statement_id: statementId, invoice_id: invoiceId, lines } }: { event: Traced }) {
  const { t } = useReading();
  if (statementId === null) return t('statements.not_closed');
  return (
    <Stack gap={4}>
      {lines.map((line) => (
        <Link key={line} to="/statements/$statementId" params={{ statementId }} search={{ line: String(line) }}>
          {t('statements.in_line', { line })}
        </Link>
      ))}
      {invoiceId !== null && <InvoiceLines invoiceId={invoiceId} lines={lines} />}
    </Stack>
  );
}

/** Which lines of an invoice those of its statement have become. */
function InvoiceLines({ invoiceId, lines }: { invoiceId: string; lines: readonly number[] }) {
  const { t } = useReading();
  const { data } = useQuery({
    queryKey: ['invoice', invoiceId],
    queryFn: () => ask(() => client.GET('/v1/invoices/{id}', { params: { path: { id: invoiceId } } })),
  });
  const billed = data?.lines.filter(({ statement_line: line }) => line !== null && lines.includes(line)) ?? [];
  return billed.map(({ number, statement_line: line }) => (
    <Link key={number} to="/invoices/$invoiceId" params={{ invoiceId }} search={{ line: String(line) }}>
      {t('statements.in_invoice', { number: data!.number, line: number })}
    </Link>
  ));
}
