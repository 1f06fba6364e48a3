import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';
import { Empty, Loaded } from '../../parts/loaded';
import { Facts, Page, Panel } from '../../parts/page';
import { LinkButton } from '../../parts/link-button';
import { ModeState } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { TenantName } from '../approvals/subject';
import { DraftButton } from './drafting';
import { InvoiceState } from './invoice-state';
import { LineEvents } from './line-events';

const route = getRouteApi('/statements/$statementId');
type Statement = Schemas['Statement'];
type Line = Schemas['StatementLine'];
const LAYERS = ['contract', 'jlis'] as const;

/** One statement: its lines in both layers, what costs nothing and why, and the usage of a line. */
export function StatementPage() {
  const { t, format } = useReading();
  const { statementId } = route.useParams();
  const found = useQuery({
    queryKey: ['statement', statementId],
    queryFn: () => ask(() => client.GET('/v1/statements/{id}', { params: { path: { id: statementId } } })),
    // It never changes.
    staleTime: Infinity,
  });
  const { data } = found;
  return (
    <Page
      title={data ? `${t('statements.statement')} ${format.month(data.month)}` : t('statements.statement')}
      crumbs={[{ label: t('statements.title'), to: '/statements', mode: data?.mode }]}
      beside={data && <ModeState mode={data.mode} />}
      lead={<Copyable text={statementId} />}
      actions={data && <Invoicing statement={data} />}
    >
      <Loaded query={found}>{(statement) => <Told statement={statement} />}</Loaded>
    </Page>
  );
}

/** To the invoice of a statement or its draft; while there is neither, the draft is made here. */
function Invoicing({ statement }: { statement: Statement }) {
  const { t, format } = useReading();
  const { id, tenant_id, mode, month } = statement;
  const query = { tenant_id, mode, month, limit: 100 };
  const invoices = useInvoicesOf(statement);
  const { data: drafts } = useQuery({
    queryKey: ['invoice-drafts', query],
    queryFn: () => ask(() => client.GET('/v1/invoice-drafts', { params: { query } })),
  });
  if (!invoices || !drafts) return null;
  const issued = invoices.find(({ state }) => state === 'finalized');
  if (issued)
    return (
      <LinkButton to="/invoices/$invoiceId" params={{ invoiceId: issued.id }} variant="default">
        {t('statements.see_invoice', { number: issued.number })}
      </LinkButton>
    );
  const draft = drafts.data.find(({ statement_id }) => statement_id === id);
  if (draft)
    return (
      <LinkButton to="/invoice-drafts/$draftId" params={{ draftId: draft.id }} variant="default">
        {t('months.see_draft')}
      </LinkButton>
    );
  return (
    <DraftButton
      statementId={id}
      thing={t('statements.draft_thing', { month: format.month(month), yen: format.yen(statement.billed_yen) })}
      name={t('statements.draft')}
      effect={t('statements.draft_effect')}
    />
  );
}

function Told({ statement }: { statement: Statement }) {
  const { t, format } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const shown = statement.lines.find(({ number }) => String(number) === search.line);
  return (
    <Stack>
      <Panel title={t('statements.facts')}>
        <Facts
          facts={[
            [t('tenants.tenant'), <TenantName id={statement.tenant_id} />],
            [
              t('months.month'),
              <Link to="/months/$mode/$month" params={{ mode: statement.mode, month: statement.month }}>
                {format.month(statement.month)}
              </Link>,
            ],
            [t('common.period'), format.period(statement.from, statement.until)],
            [t('statements.contract_yen'), format.yen(statement.contract_yen)],
            [t('statements.jlis_yen'), format.yen(statement.jlis_yen)],
            [t('statements.billed_yen'), <b>{format.yen(statement.billed_yen)}</b>],
            [t('invoices.title'), <InvoicesOf statement={statement} />],
            [t('statements.events'), format.number(statement.events)],
            [t('statements.late_events'), format.number(statement.late_events)],
            [t('statements.written_at'), format.time(statement.written_at)],
            [t('statements.sha256'), <Copyable text={statement.sha256} />],
          ]}
        />
      </Panel>
      {LAYERS.map((layer) => (
        <Fragment key={layer}>
          <Lines
            title={t(`statements.layer_${layer}`)}
            hint={t(`statements.layer_${layer}_hint`)}
            lines={statement.lines.filter((line) => line.layer === layer)}
            shown={shown?.number}
            onShow={(number) => void navigate({ search: { line: String(number) }, resetScroll: false })}
          />
          {shown?.layer === layer && (
            <LineEvents
              key={shown.number}
              statementId={statement.id}
              line={shown}
              cursor={search.cursor}
              onCursor={(cursor) => void navigate({ search: { ...search, cursor }, resetScroll: false })}
            />
          )}
        </Fragment>
      ))}
      <Unbilled rows={statement.unbilled} />
    </Stack>
  );
}

/** Every invoice of a statement, those that are void too. */
function useInvoicesOf({ id, tenant_id, mode, month }: Statement): Schemas['InvoiceSummary'][] | undefined {
  const query = { tenant_id, mode, month, limit: 100 };
  const { data } = useQuery({
    queryKey: ['invoices', query],
    queryFn: () => ask(() => client.GET('/v1/invoices', { params: { query } })),
  });
  return data?.data.filter(({ statement_id }) => statement_id === id);
}

function InvoicesOf({ statement }: { statement: Statement }) {
  const { t } = useReading();
  const found = useInvoicesOf(statement) ?? [];
  if (found.length === 0) return t('statements.no_invoice');
  return (
    <Group gap="sm">
      {found.map((invoice) => (
        <Group key={invoice.id} gap={6}>
          <Link to="/invoices/$invoiceId" params={{ invoiceId: invoice.id }} className="numbers">
            {invoice.number}
          </Link>
          <InvoiceState state={invoice.state} />
        </Group>
      ))}
    </Group>
  );
}

interface LinesProps {
  title: string;
  hint: string;
  lines: Line[];
  shown: number | undefined;
  onShow: (number: number) => void;
}

function Lines({ title, hint, lines, shown, onShow }: LinesProps) {
  const { t, format, language } = useReading();
  const columns: Column<Line>[] = [
    { name: 'number', title: t('statements.number'), cell: ({ number }) => number },
    { name: 'about', title: t('statements.description'), cell: ({ description }) => description[language] },
    { name: 'period', title: t('common.period'), cell: ({ from, until }) => format.period(from, until) },
    { name: 'quantity', title: t('statements.quantity'), right: true, cell: ({ quantity }) => format.number(quantity) },
    { name: 'price', title: t('statements.unit_price'), right: true, cell: ({ unit_price: yen }) => format.yen(yen) },
    { name: 'amount', title: t('statements.amount'), right: true, cell: ({ amount_yen: yen }) => format.yen(yen) },
    {
      name: 'billed',
      title: t('statements.billed'),
      cell: ({ billed }) => t(billed ? 'statements.billed_yes' : 'statements.billed_no'),
    },
    {
      name: 'events',
      title: t('statements.event'),
      cell: ({ number, has_events: has }) =>
        has && (
          <button
            type="button"
            className="as-link"
            aria-expanded={shown === number}
            aria-label={t('statements.see_events_of', { line: number })}
            onClick={() => onShow(number)}
          >
            {t('statements.see_events')}
          </button>
        ),
    },
  ];
  return (
    <Panel
      title={title}
      actions={
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      }
    >
      {lines.length === 0 ? (
        <Empty>{t('statements.no_lines')}</Empty>
      ) : (
        <Rows label={title} columns={columns} rows={lines} keyOf={({ number }) => String(number)} />
      )}
    </Panel>
  );
}

function Unbilled({ rows }: { rows: Statement['unbilled'] }) {
  const { t, format } = useReading();
  const columns: Column<Statement['unbilled'][number]>[] = [
    { name: 'layer', title: t('statements.layer'), cell: ({ layer }) => t(`statements.layer_${layer}`) },
    { name: 'meter', title: t('prices.meter'), cell: ({ meter }) => t(`prices.meter_${meter}`) },
    { name: 'why', title: t('statements.why'), cell: ({ reason }) => t(`statements.reason_${reason}`) },
    { name: 'events', title: t('statements.events'), right: true, cell: ({ events }) => format.number(events) },
  ];
  return (
    <Panel title={t('statements.unbilled')}>
      {rows.length === 0 ? (
        <Empty>{t('statements.nothing_unbilled')}</Empty>
      ) : (
        <Rows
          label={t('statements.unbilled')}
          columns={columns}
          rows={rows}
          keyOf={({ layer, meter, reason }) => `${layer} ${meter} ${reason}`}
        />
      )}
    </Panel>
  );
}
