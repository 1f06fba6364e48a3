import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Actor } from '../../parts/actor';
import { Confirm } from '../../parts/confirm';
import { Copyable, shortId } from '../../parts/copy';
import { download } from '../../parts/download';
import { Loaded } from '../../parts/loaded';
import { Facts, Page, Panel } from '../../parts/page';
import { ModeState } from '../../parts/state';
import { Take } from '../../parts/take';
import { useMay } from '../../session';
import { TenantName } from '../approvals/subject';
import { Finalize } from './finalize';
import { InvoicePaper } from './invoice-paper';
import { InvoiceState } from './invoice-state';
import { DraftWithItems } from './draft-items';
import { useWaitingFinalization, Waiting } from './waiting';

const route = getRouteApi('/invoice-drafts/$draftId');
type Draft = Schemas['InvoiceDraft'];

/** An invoice until two people have agreed on it. */
export function DraftPage() {
  const { t, format } = useReading();
  const { draftId } = route.useParams();
  const found = useQuery({
    queryKey: ['invoice-draft', draftId],
    queryFn: () => ask(() => client.GET('/v1/invoice-drafts/{id}', { params: { path: { id: draftId } } })),
  });
  const { data } = found;
  return (
    <Page
      title={data ? `${t('invoices.draft')} ${format.month(data.month)}` : t('invoices.draft')}
      crumbs={[{ label: t('invoices.title'), to: '/invoices', mode: data?.mode, tab: 'drafts' }]}
      beside={
        data && (
          <>
            <ModeState mode={data.mode} />
            <InvoiceState state={data.state} />
          </>
        )
      }
      lead={<Copyable text={draftId} />}
      actions={data?.state === 'open' && <Actions draft={data} />}
    >
      <Loaded query={found}>{(draft) => <Told draft={draft} />}</Loaded>
    </Page>
  );
}

function Told({ draft }: { draft: Draft }) {
  const { t, format } = useReading();
  const waiting = useWaitingFinalization(draft.id);
  return (
    <Stack>
      {draft.state === 'open' && waiting && <Waiting approval={waiting}>{t('invoices.finalize_waiting')}</Waiting>}
      {draft.state !== 'open' && (
        <Alert color={draft.state === 'finalized' ? 'green' : 'gray'}>
          <Group justify="space-between">
            <Text size="sm" c="var(--mantine-color-text)">
              {t(draft.state === 'finalized' ? 'invoices.became' : 'invoices.is_discarded')}
            </Text>
            {draft.state === 'finalized' && (
              <Button component={Link} to={`/invoices/${draft.id}`} variant="default" size="xs">
                {t('invoices.open_invoice')}
              </Button>
            )}
          </Group>
        </Alert>
      )}
      <InvoicePaper invoice={draft} />
      <Panel title={t('invoices.record')}>
        <Facts
          facts={[
            [t('tenants.tenant'), <TenantName id={draft.tenant_id} />],
            [
              t('invoices.statement'),
              <Link to="/statements/$statementId" params={{ statementId: draft.statement_id }} className="numbers">
                {shortId(draft.statement_id)}
              </Link>,
            ],
            [t('invoices.made_at'), format.time(draft.made_at)],
            [t('invoices.made_by'), <Actor name={draft.made_by} />],
            [t('invoices.sha256'), <Copyable text={draft.sha256} />],
          ]}
        />
      </Panel>
    </Stack>
  );
}

function Actions({ draft }: { draft: Draft }) {
  const { t, format } = useReading();
  const may = useMay();
  // What two people are agreeing on is not taken away meanwhile.
  const waits = useWaitingFinalization(draft.id) !== undefined;
  const queries = useQueryClient();
  const [asking, setAsking] = useState<'finalize' | 'discard' | 'items'>();
  const close = (): void => setAsking(undefined);
  const path = { id: draft.id };
  return (
    <>
      <Take
        name={t('invoices.preview')}
        done={t('common.downloaded')}
        take={() =>
          download(
            () => client.GET('/v1/invoice-drafts/{id}/preview', { params: { path }, parseAs: 'blob' }),
            `${draft.id}.pdf`,
          )
        }
      />
      {may('invoices:draft') && (
        <>
          <Button variant="default" disabled={waits} onClick={() => setAsking('items')}>
            {t('invoices.items')}
          </Button>
          <Button
            variant="default"
            c={waits ? undefined : 'var(--console-bad)'}
            disabled={waits}
            onClick={() => setAsking('discard')}
          >
            {t('invoices.discard')}
          </Button>
        </>
      )}
      {may('invoices:propose') && (
        <Button disabled={waits} onClick={() => setAsking('finalize')}>
          {t('invoices.finalize')}
        </Button>
      )}
      {asking === 'finalize' && <Finalize drafts={[draft]} onClose={close} />}
      {asking === 'items' && <DraftWithItems draft={draft} onClose={close} />}
      {asking === 'discard' && (
        <Confirm
          title={t('invoices.discard_title')}
          thing={t('invoices.discard_thing', { name: draft.recipient.name, month: format.month(draft.month) })}
          confirm={t('invoices.discard')}
          danger
          act={async () => {
            await ask(() => client.POST('/v1/invoice-drafts/{id}/discard', { params: { path } }));
            await queries.invalidateQueries({ queryKey: ['invoice-draft', draft.id] });
            await queries.invalidateQueries({ queryKey: ['invoice-drafts'] });
          }}
          done={t('invoices.discard_done')}
          onClose={close}
        >
          <Text size="sm">{t('invoices.discard_effect')}</Text>
        </Confirm>
      )}
    </>
  );
}
