import { Group, Stack, Text, Title } from '@mantine/core';
import { useReading } from '../../language';
import { type Column, Rows } from '../../parts/table';
import type { Schemas } from '../../api';

type Invoice = Schemas['Invoice'];
type Line = Schemas['InvoiceLine'];
type Tax = Invoice['taxes'][number];

/** What a draft and an invoice both say. */
export type InvoiceBody = Omit<Schemas['InvoiceDraft'], 'state' | 'sha256' | 'made_by' | 'made_at'>;

interface InvoicePaperProps {
  invoice: InvoiceBody;
  /** Undefined: it has none yet. */
  issued?: { number: string; on: string };
  /** The line of the statement whose usage is shown, and how to show another's. */
  shown?: string | undefined;
  onShow?: (statementLine: number) => void;
}

/** An invoice as its recipient sees it: everything that the law asks of one, in the order of the printed form. */
export function InvoicePaper({ invoice, issued, shown, onShow }: InvoicePaperProps) {
  const { t } = useReading();
  const { taxes, mode } = invoice;
  const kind = !issued ? 'draft' : mode;
  return (
    <section className="panel paper" aria-label={t('invoices.paper')}>
      <Stack gap="lg" p="lg">
        <Title order={2} ta="center" fz={22}>
          {t(`invoices.title_${kind}`)}
        </Title>
        <Head invoice={invoice} issued={issued} />
        <Lines lines={invoice.lines} shown={shown} onShow={onShow} />
        <Totals invoice={invoice} />
        {taxes.some(({ tax_category: category }) => category === 'reduced') && (
          <Text size="xs">{t('invoices.reduced_mark')}</Text>
        )}
        {mode === 'test' && <Text size="xs">{t('invoices.test_mark')}</Text>}
      </Stack>
    </section>
  );
}

function Head({ invoice, issued }: Pick<InvoicePaperProps, 'invoice' | 'issued'>) {
  const { t, format } = useReading();
  const { issuer, recipient, corrects, totals } = invoice;
  const facts = [
    [t('invoices.number'), issued?.number ?? t('invoices.no_number')],
    [t('invoices.issued_on'), format.date(issued?.on ?? null)],
    [t('invoices.closed_on'), format.date(invoice.closed_on)],
    [t('invoices.of_period'), format.period(invoice.from, invoice.until)],
  ] as const;
  return (
    <Group justify="space-between" align="flex-start" gap="lg">
      <Stack gap={4} maw={520}>
        <Text fw={650} fz="lg">
          {t('invoices.to', { name: recipient.name })}
        </Text>
        <Text size="sm">{recipient.address}</Text>
        <Text fw={700} fz="xl" mt="sm" className="numbers">
          {t('invoices.paper_total')}　{format.yen(totals.total_yen)}
        </Text>
        <Text size="sm">
          {t('invoices.due_on')}　{format.date(invoice.due_on)}
        </Text>
        <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
          {t('invoices.payment')}　{issuer.payment}
        </Text>
      </Stack>
      <Stack gap={4} maw={380}>
        {facts.map(([name, value]) => (
          <Text key={name} size="sm" className="numbers">
            {name}　{value}
          </Text>
        ))}
        {corrects && (
          <Text size="sm">
            {t('invoices.replaces', { number: corrects.number, day: format.date(corrects.issued_on) })}
          </Text>
        )}
        <Text fw={650} mt="sm">
          {issuer.name}
        </Text>
        <Text size="sm">{issuer.address}</Text>
        <Text size="sm" className="numbers">
          {t('invoices.registration_number')}　{issuer.registration_number}
        </Text>
      </Stack>
    </Group>
  );
}

/** The rate in words: what is at the reduced one is marked, what is not taxed says so. */
function useRate(): (of: Pick<Tax, 'tax_rate' | 'tax_category'>) => string {
  const { t } = useReading();
  return ({ tax_rate: rate, tax_category: category }) => {
    if (rate === null) return t(`prices.tax_${category}`);
    return t(category === 'reduced' ? 'invoices.percent_reduced' : 'invoices.percent', { rate });
  };
}

function Lines({ lines, shown, onShow }: { lines: Line[] } & Pick<InvoicePaperProps, 'shown' | 'onShow'>) {
  const { t, format, language } = useReading();
  const rate = useRate();
  const columns: Column<Line>[] = [
    { name: 'number', title: t('statements.number'), cell: ({ number }) => number },
    {
      name: 'about',
      title: t('statements.description'),
      cell: ({ description, from, until, credits }) => (
        <>
          {description[language]}
          <Text size="xs" c="dimmed">
            {format.period(from, until)}
            {credits &&
              ` · ${t('invoices.credit_of', { number: credits.number, day: format.date(credits.issued_on) })}`}
          </Text>
        </>
      ),
    },
    { name: 'quantity', title: t('statements.quantity'), right: true, cell: ({ quantity }) => format.number(quantity) },
    { name: 'price', title: t('statements.unit_price'), right: true, cell: ({ unit_price: yen }) => format.yen(yen) },
    { name: 'amount', title: t('statements.amount'), right: true, cell: ({ amount_yen: yen }) => format.yen(yen) },
    { name: 'rate', title: t('invoices.rate'), right: true, cell: rate },
    ...(onShow
      ? [
          {
            name: 'events',
            title: t('statements.event'),
            cell: ({ number, statement_line: line }: Line) =>
              line !== null && (
                <button
                  type="button"
                  className="as-link"
                  aria-expanded={shown === String(line)}
                  aria-label={t('statements.see_events_of', { line: number })}
                  onClick={() => onShow(line)}
                >
                  {t('statements.see_events')}
                </button>
              ),
          },
        ]
      : []),
  ];
  return (
    <Rows label={t('statements.description')} columns={columns} rows={lines} keyOf={({ number }) => String(number)} />
  );
}

/** What is taxed at each rate with its tax, then the sums. */
function Totals({ invoice: { taxes, totals } }: { invoice: Pick<InvoiceBody, 'taxes' | 'totals'> }) {
  const { t, format } = useReading();
  const rate = useRate();
  const rows: (readonly [string, number])[] = [
    ...taxes.flatMap((tax) => [
      [t('invoices.taxable', { rate: rate(tax) }), tax.amount_yen] as const,
      ...(tax.tax_rate === null ? [] : [[t('invoices.tax_of', { rate: rate(tax) }), tax.tax_yen] as const]),
    ]),
    [t('invoices.subtotal'), totals.amount_yen],
    [t('invoices.tax_total'), totals.tax_yen],
  ];
  return (
    <dl className="sums numbers">
      {rows.map(([name, yen]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{format.yen(yen)}</dd>
        </div>
      ))}
      <div>
        <dt>{t('invoices.grand_total')}</dt>
        <dd>{format.yen(totals.total_yen)}</dd>
      </div>
    </dl>
  );
}
