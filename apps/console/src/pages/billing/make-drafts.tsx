import { Button, Group, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { LinkButton } from '../../parts/link-button';
import { Panel } from '../../parts/page';
import { ProblemPanel } from '../../parts/problem';
import { type Column, Rows } from '../../parts/table';
import { useToast } from '../../parts/toast';
import { useMay } from '../../session';
import { isTextKey } from '../../texts';
import { TenantName } from '../approvals/subject';
import { InvoiceNeeds, IssuerLink, TenantPricesLink } from './invoice-needs';

type Refused = Schemas['MonthDrafts']['refused'][number];

/** From a month's statements to the drafts of its invoices. */
export function MakeDrafts({ close: { mode, month, state, invoices } }: { close: Schemas['MonthClose'] }) {
  const { t, format } = useReading();
  const may = useMay();
  const toast = useToast();
  const queries = useQueryClient();
  const path = { mode, month };
  const drafting = useMutation({
    mutationFn: () => ask(() => client.POST('/v1/month-closes/{mode}/{month}/invoice-drafts', { params: { path } })),
    onSuccess: async ({ drafted }) => {
      // Where there are none, why is told below.
      if (drafted > 0) toast(t('months.drafted', { count: format.number(drafted) }));
      await Promise.all(
        ['invoice-drafts', 'month-closes'].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      );
    },
  });
  const query = { mode, month, limit: 1 };
  const { data: drafts } = useQuery({
    queryKey: ['invoice-drafts', query],
    queryFn: () => ask(() => client.GET('/v1/invoice-drafts', { params: { query } })),
    enabled: invoices.drafts === 1,
  });
  const only = invoices.drafts === 1 ? drafts?.data[0] : undefined;
  const isDone = invoices.undrafted === 0;
  const why = (code: string): string => {
    const key = `months.refusal_${code}`;
    return isTextKey(key) ? t(key) : code;
  };
  const columns: Column<Refused>[] = [
    { name: 'tenant', title: t('tenants.tenant'), cell: ({ tenant_id: id }) => <TenantName id={id} /> },
    { name: 'why', title: t('months.refusal'), cell: ({ code }) => why(code) },
    {
      name: 'way',
      title: t('months.refusal_way'),
      cell: ({ tenant_id: id, code }) =>
        code === 'invoice_issuer_missing' ? (
          <IssuerLink mode={mode} />
        ) : code === 'invoice_terms_missing' ? (
          <TenantPricesLink id={id} mode={mode}>
            {t('prices.invoice_terms')}
          </TenantPricesLink>
        ) : code === 'difference_unexplained' ? (
          <Link to="/months/$mode/$month" params={path} search={{ tab: 'reconciliation' }} className="within-words">
            {t('months.tab_reconciliation')}
          </Link>
        ) : (
          '—'
        ),
    },
  ];
  const { data } = drafting;
  return (
    <Panel title={t('months.tab_invoices')} padded>
      <Text size="sm">{t('months.drafts_lead')}</Text>
      <Group gap="xs">
        {may('invoices:draft') && state === 'closed' && (
          <Button loading={drafting.isPending} disabled={isDone} onClick={() => drafting.mutate()}>
            {t('months.draft')}
          </Button>
        )}
        {only ? (
          <LinkButton to="/invoice-drafts/$draftId" params={{ draftId: only.id }} variant="default">
            {t('months.see_draft')}
          </LinkButton>
        ) : (
          <LinkButton to="/invoices" search={{ mode, tab: 'drafts', month }} variant="default">
            {t('months.see_drafts')}
          </LinkButton>
        )}
        <LinkButton to="/invoices" search={{ mode, month }} variant="default">
          {t('months.see_invoices')}
        </LinkButton>
      </Group>
      {state === 'closed' && isDone && (
        <Text size="sm">
          {t('months.nothing_to_draft', {
            issued: format.number(invoices.issued),
            drafts: format.number(invoices.drafts),
          })}
        </Text>
      )}
      {state === 'closed' && !isDone && <InvoiceNeeds mode={mode} month={month} />}
      {drafting.isError && <ProblemPanel error={drafting.error} />}
      {data && data.remaining > 0 && (
        <Text size="sm">{t('months.remaining', { count: format.number(data.remaining) })}</Text>
      )}
      {data && data.refused.length > 0 && (
        <section>
          <Title order={3} mb="xs">
            {t('months.refused')}
          </Title>
          <Rows label={t('months.refused')} columns={columns} rows={data.refused} keyOf={({ tenant_id: id }) => id} />
        </section>
      )}
    </Panel>
  );
}
