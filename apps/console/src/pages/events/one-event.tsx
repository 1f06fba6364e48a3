import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';
import { Empty, Loaded } from '../../parts/loaded';
import { Facts, Panel } from '../../parts/page';
import { ModeState } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { Window } from '../../parts/window';
import { Attempts, SendAgain, useDeliveryColumns } from '../tenants/delivery';
import { eventText } from './types';

type Delivery = Schemas['EventDelivery'];

interface OneEventProps {
  tenantId: string;
  id: string;
  onClose: () => void;
}

/** One event, and how it stands at each endpoint that was to be told of it. */
export function OneEvent({ tenantId, id, onClose }: OneEventProps) {
  const { t, format } = useReading();
  const found = useQuery({
    queryKey: ['events', tenantId, 'one', id],
    queryFn: () =>
      ask(() => client.GET('/v1/tenants/{id}/events/{event_id}', { params: { path: { id: tenantId, event_id: id } } })),
  });
  return (
    <Window onClose={onClose} size="80rem" title={t('events.event')}>
      <Loaded query={found}>
        {(event) => (
          <Stack>
            <Facts
              facts={[
                ['ID', <Copyable text={event.id} />],
                [t('events.type'), t(eventText(event.type))],
                [t('events.code'), <code>{event.type}</code>],
                [t('common.mode'), <ModeState mode={event.mode} />],
                [t('events.recorded_at'), format.time(event.recorded_at)],
                [t('events.occurred_at'), format.time(event.occurred_at)],
              ]}
            />
            <Sent event={event} tenantId={tenantId} />
          </Stack>
        )}
      </Loaded>
    </Window>
  );
}

function Sent({ event, tenantId }: { event: Schemas['ToldEvent']; tenantId: string }) {
  const { t } = useReading();
  const [shown, setShown] = useState<Delivery>();
  const [again, setAgain] = useState<Delivery>();
  const columns: Column<Delivery>[] = [
    { name: 'origin', title: t('webhooks.origin'), cell: ({ origin }) => origin },
    ...useDeliveryColumns<Delivery>({ nameOf: ({ origin }) => origin, onLog: setShown, onReplay: setAgain }),
  ];
  return (
    <>
      <Panel
        title={t('events.deliveries')}
        actions={
          <Link to="/tenants/$tenantId" params={{ tenantId }} search={{ tab: 'webhooks' }}>
            {t('events.to_endpoints')}
          </Link>
        }
      >
        {event.deliveries.length === 0 ? (
          <Empty>{t('events.not_sent')}</Empty>
        ) : (
          <Rows
            label={t('events.deliveries')}
            columns={columns}
            rows={event.deliveries}
            keyOf={({ endpoint_id: endpoint }) => endpoint}
          />
        )}
      </Panel>
      {shown && <Attempts endpointId={shown.endpoint_id} eventId={event.id} name={shown.origin} />}
      {again && (
        <SendAgain
          endpointId={again.endpoint_id}
          eventId={event.id}
          thing={t('events.replay_thing', { id: event.id, origin: again.origin })}
          onClose={() => setAgain(undefined)}
        />
      )}
    </>
  );
}
