import { Button, Group, Stack } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable, shortId } from '../../parts/copy';
import { download } from '../../parts/download';
import { Loaded } from '../../parts/loaded';
import { Facts, Page, Panel } from '../../parts/page';
import { ModeState } from '../../parts/state';
import { Take } from '../../parts/take';
import { useMay } from '../../session';
import { TenantName } from '../approvals/subject';
import { CsvWindow } from './csv-window';
import { Dispatches, DispatchState } from './dispatches';
import { DraftButton } from './drafting';
import { InvoicePaper } from './invoice-paper';
import { InvoiceState } from './invoice-state';
import { LineEvents } from './line-events';
import { Propose } from './propose';
import { useWaitingVoid, Waiting } from './waiting';

const route = getRouteApi('/invoices/$invoiceId');
type Invoice = Schemas['Invoice'];

/** An issued invoice as its recipient sees it, its files, and the usage each line is made of. */
export function InvoicePage() {
  const { t } = useReading();
  const { invoiceId } = route.useParams();
  const found = useQuery({
    queryKey: ['invoice', invoiceId],
    queryFn: () => ask(() => client.GET('/v1/invoices/{id}', { params: { path: { id: invoiceId } } })),
  });
  const { data } = found;
  return (
    <Page
      title={data?.number ?? t('invoices.invoice')}
      crumbs={[{ label: t('invoices.title'), to: '/invoices', mode: data?.mode }]}
      beside={
        data && (
          <>
            <ModeState mode={data.mode} />
            <InvoiceState state={data.state} />
            <DispatchState invoice={data} />
          </>
        )
      }
      lead={<Copyable text={invoiceId} />}
      actions={data && <Actions invoice={data} />}
    >
      <Loaded query={found}>{(invoice) => <Told invoice={invoice} />}</Loaded>
    </Page>
  );
}

function Told({ invoice }: { invoice: Invoice }) {
  const { t } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const waiting = useWaitingVoid(invoice.id);
  const shown = invoice.lines.find(({ statement_line: line }) => line !== null && String(line) === search.line);
  return (
    <Stack>
      {waiting && <Waiting approval={waiting}>{t('invoices.void_waiting')}</Waiting>}
      <Files invoice={invoice} />
      <Dispatches invoice={invoice} />
      <InvoicePaper
        invoice={invoice}
        issued={{ number: invoice.number, on: invoice.issued_on }}
        shown={search.line}
        onShow={(line) => void navigate({ search: { line: String(line) }, resetScroll: false })}
      />
      {shown && (
        <LineEvents
          key={shown.number}
          statementId={invoice.statement_id}
          statementLine={shown.statement_line!}
          line={shown}
          cursor={search.cursor}
          onCursor={(cursor) => void navigate({ search: { ...search, cursor }, resetScroll: false })}
        />
      )}
      <OnRecord invoice={invoice} />
    </Stack>
  );
}

function OnRecord({ invoice }: { invoice: Invoice }) {
  const { t, format } = useReading();
  const { corrects, void_reason: reason } = invoice;
  return (
    <Panel title={t('invoices.record')}>
      <Facts
        facts={[
          [t('tenants.tenant'), <TenantName id={invoice.tenant_id} />],
          [
            t('invoices.statement'),
            <Link to="/statements/$statementId" params={{ statementId: invoice.statement_id }} className="numbers">
              {shortId(invoice.statement_id)}
            </Link>,
          ],
          [t('invoices.finalized_at'), format.time(invoice.finalized_at)],
          ...(corrects
            ? [
                [
                  t('invoices.corrects'),
                  <Link to="/invoices/$invoiceId" params={{ invoiceId: corrects.id }} className="numbers">
                    {corrects.number}
                  </Link>,
                ] as const,
              ]
            : []),
          ...(invoice.voided_at === null
            ? []
            : [
                [t('invoices.voided_at'), format.time(invoice.voided_at)] as const,
                [t('invoices.void_reason'), reason ?? '—'] as const,
              ]),
        ]}
      />
    </Panel>
  );
}

/** What is handed out: the same octets each time. */
function Files({ invoice: { id, number } }: { invoice: Invoice }) {
  const { t } = useReading();
  const [csv, setCsv] = useState(false);
  const path = { id };
  const done = t('common.downloaded');
  return (
    <Panel title={t('invoices.files')} padded>
      <Group gap="xs">
        <Take
          name={t('invoices.file_pdf')}
          done={done}
          take={() =>
            download(() => client.GET('/v1/invoices/{id}.pdf', { params: { path }, parseAs: 'blob' }), `${number}.pdf`)
          }
        />
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} onClick={() => setCsv(true)}>
          {t('invoices.file_csv')}
        </Button>
        <Take
          name={t('invoices.file_json')}
          done={done}
          take={() =>
            download(
              () => client.GET('/v1/invoices/{id}.json', { params: { path }, parseAs: 'blob' }),
              `${number}.json`,
            )
          }
        />
        <Take
          name={t('invoices.file_events')}
          done={done}
          take={() =>
            download(
              () => client.GET('/v1/invoices/{id}/events.csv', { params: { path }, parseAs: 'blob' }),
              `${number}-events.csv`,
            )
          }
        />
      </Group>
      {csv && (
        <CsvWindow
          thing={number}
          take={(encoding) =>
            download(
              () => client.GET('/v1/invoices/{id}.csv', { params: { path, query: { encoding } }, parseAs: 'blob' }),
              `${number}.csv`,
            )
          }
          onClose={() => setCsv(false)}
        />
      )}
    </Panel>
  );
}

function Actions({ invoice }: { invoice: Invoice }) {
  const { t, format } = useReading();
  const may = useMay();
  const waiting = useWaitingVoid(invoice.id);
  const [asking, setAsking] = useState(false);
  if (invoice.state === 'void')
    return (
      <DraftButton
        statementId={invoice.statement_id}
        thing={`${invoice.recipient_name} ${format.month(invoice.month)}`}
        name={t('invoices.reissue')}
        effect={t('invoices.reissue_effect')}
      />
    );
  if (!may('invoices:propose') || waiting) return null;
  return (
    <>
      <Button variant="default" c="var(--console-bad)" onClick={() => setAsking(true)}>
        {t('invoices.void')}
      </Button>
      {asking && (
        <Propose
          title={t('invoices.void')}
          thing={`${invoice.number} ${invoice.recipient_name}`}
          effect={t('invoices.void_effect')}
          send={(reason) =>
            ask(() => client.POST('/v1/invoices/{id}/void', { params: { path: { id: invoice.id } }, body: { reason } }))
          }
          done={t('invoices.void_done', { number: invoice.number })}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
