import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Allowed, Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { ModeState, State, type Tone } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import type { TextKey } from '../../texts';
import { Deliveries } from './deliveries';
import { hasGoneLive } from './propose-contract';

type Endpoint = Schemas['WebhookEndpointHealth'];

/** Where a tenant is told of events, and whether that works. */
export function WebhooksTab({ tenant }: { tenant: Schemas['TenantDetail'] }) {
  return (
    <Allowed permission="webhooks:read">
      <Endpoints tenant={tenant} />
    </Allowed>
  );
}

function Endpoints({ tenant }: { tenant: Schemas['TenantDetail'] }) {
  const tenantId = tenant.id;
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
      text: ({ origin }) => origin,
    },
    {
      name: 'mode',
      title: t('common.mode'),
      cell: ({ mode }) => <ModeState mode={mode} />,
      text: ({ mode }) => t(`common.mode_${mode}`),
    },
    {
      name: 'state',
      title: t('webhooks.state'),
      cell: (endpoint) => {
        const { tone, text } = healthOf(endpoint);
        return <State tone={tone}>{t(text)}</State>;
      },
      text: (endpoint) => t(healthOf(endpoint).text),
    },
    {
      name: 'types',
      title: t('webhooks.event_types'),
      cell: ({ event_types: types }) =>
        types === null ? (
          t('webhooks.all_types')
        ) : (
          <span title={types.join(', ')}>{t('webhooks.types_count', { count: types.length })}</span>
        ),
      text: ({ event_types: types }) => (types === null ? t('webhooks.all_types') : types.join(' ')),
    },
    { name: 'success', title: t('webhooks.last_success'), cell: ({ last_success_at: at }) => format.minute(at) },
    { name: 'failure', title: t('webhooks.last_failure'), cell: ({ last_failure_at: at }) => format.minute(at) },
    {
      name: 'waiting',
      title: t('webhooks.waiting'),
      right: true,
      cell: ({ waiting }) => format.number(waiting),
      text: ({ waiting }) => waiting,
    },
    {
      name: 'failed',
      title: t('webhooks.failed'),
      right: true,
      cell: ({ failed }) => format.number(failed),
      text: ({ failed }) => failed,
    },
  ];
  return (
    <Panel
      title={t('webhooks.endpoints')}
      actions={
        <Link
          to="/tenants/$tenantId/events"
          params={{ tenantId }}
          search={{ mode: hasGoneLive(tenant) ? 'live' : 'test' }}
        >
          {t('events.of_tenant')}
        </Link>
      }
    >
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty>{t('webhooks.none')}</Empty>
          ) : (
            <Rows
              label={t('webhooks.endpoints')}
              columns={columns}
              rows={data}
              keyOf={({ id }) => id}
              whole="webhook-endpoints"
              findable
            />
          )
        }
      </Loaded>
      {shown && <Deliveries tenantId={tenantId} endpoint={shown} onClose={() => setShown(undefined)} />}
    </Panel>
  );
}

function healthOf({ enabled, disabled_reason: reason, failing_since: since }: Endpoint): { tone: Tone; text: TextKey } {
  if (!enabled)
    return reason === null
      ? { tone: 'calm', text: 'webhooks.state_off' }
      : { tone: 'bad', text: `webhooks.state_off_${reason}` };
  return since === null
    ? { tone: 'good', text: 'webhooks.state_on' }
    : { tone: 'warn', text: 'webhooks.state_failing' };
}
