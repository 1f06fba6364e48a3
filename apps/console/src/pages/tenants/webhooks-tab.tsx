import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Allowed, Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { ModeState, State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { Deliveries } from './deliveries';

type Endpoint = Schemas['WebhookEndpointHealth'];

/** Where a tenant is told of events, and whether that works. */
export function WebhooksTab({ tenantId }: { tenantId: string }) {
  return (
    <Allowed permission="webhooks:read">
      <Endpoints tenantId={tenantId} />
    </Allowed>
  );
}

function Endpoints({ tenantId }: { tenantId: string }) {
  const { t, format } = useReading();
  const [shown, setShown] = useState<Endpoint>();
  const path = { id: tenantId };
  const found = useQuery({
    queryKey: ['tenant', tenantId, 'webhook-endpoints'],
    queryFn: () => ask(() => client.GET('/v1/tenants/{id}/webhook-endpoints', { params: { path } })),
  });
  const columns: Column<Endpoint>[] = [
    {
      name: 'origin',
      title: t('webhooks.origin'),
      cell: (endpoint) => (
        <button
          type="button"
          className="as-link"
          aria-label={t('webhooks.deliveries_of', { origin: endpoint.origin })}
          onClick={() => setShown(endpoint)}
        >
          {endpoint.origin}
        </button>
      ),
    },
    { name: 'mode', title: t('common.mode'), cell: ({ mode }) => <ModeState mode={mode} /> },
    { name: 'state', title: t('webhooks.state'), cell: (endpoint) => <Health endpoint={endpoint} /> },
    {
      name: 'types',
      title: t('webhooks.event_types'),
      cell: ({ event_types: types }) =>
        types === null ? (
          t('webhooks.all_types')
        ) : (
          <span title={types.join(', ')}>{t('webhooks.types_count', { count: types.length })}</span>
        ),
    },
    { name: 'success', title: t('webhooks.last_success'), cell: ({ last_success_at: at }) => format.minute(at) },
    { name: 'failure', title: t('webhooks.last_failure'), cell: ({ last_failure_at: at }) => format.minute(at) },
    { name: 'waiting', title: t('webhooks.waiting'), right: true, cell: ({ waiting }) => format.number(waiting) },
    { name: 'failed', title: t('webhooks.failed'), right: true, cell: ({ failed }) => format.number(failed) },
  ];
  return (
    <Panel title={t('webhooks.endpoints')}>
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty>{t('webhooks.none')}</Empty>
          ) : (
            <Rows label={t('webhooks.endpoints')} columns={columns} rows={data} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
      {shown && <Deliveries endpoint={shown} onClose={() => setShown(undefined)} />}
    </Panel>
  );
}

function Health({ endpoint }: { endpoint: Endpoint }) {
  const { t } = useReading();
  const { enabled, disabled_reason: reason, failing_since: since } = endpoint;
  if (!enabled)
    return (
      <State tone={reason === null ? 'calm' : 'bad'}>
        {t(reason === null ? 'webhooks.state_off' : `webhooks.state_off_${reason}`)}
      </State>
    );
  return since === null ? (
    <State tone="good">{t('webhooks.state_on')}</State>
  ) : (
    <State tone="warn">{t('webhooks.state_failing')}</State>
  );
}
