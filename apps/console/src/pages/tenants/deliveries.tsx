import { Stack } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import { Paged } from '../../parts/paged';
import type { Column } from '../../parts/table';
import { Window } from '../../parts/window';
import { oneOf } from '../../search';
import { Attempts, SendAgain, useDeliveryColumns } from './delivery';

type Delivery = Schemas['WebhookDeliverySummary'];
const SORTS = ['created_at', '-created_at'] as const;

interface DeliveriesProps {
  tenantId: string;
  endpoint: Pick<Schemas['WebhookEndpointHealth'], 'id' | 'mode' | 'origin'>;
  onClose: () => void;
}

/** What was sent to an endpoint, newest first; any of it is sent again by whoever may. */
export function Deliveries({ tenantId, endpoint: { id: endpointId, mode, origin }, onClose }: DeliveriesProps) {
  const { t } = useReading();
  const [cursor, setCursor] = useState<string>();
  const [sort, setSort] = useState<(typeof SORTS)[number]>('-created_at');
  const [shown, setShown] = useState<string>();
  const [again, setAgain] = useState<string>();
  const columns: Column<Delivery>[] = [
    { name: 'type', title: t('webhooks.event'), cell: ({ type }) => <code>{type}</code>, text: ({ type }) => type },
    {
      name: 'id',
      title: 'ID',
      cell: ({ event_id: event }) => (
        <Link
          to="/tenants/$tenantId/events"
          params={{ tenantId }}
          search={{ mode, event }}
          className="numbers"
          title={event}
        >
          {shortId(event)}
        </Link>
      ),
      text: ({ event_id: event }) => event,
    },
    ...useDeliveryColumns<Delivery>({
      nameOf: ({ event_id: event }) => shortId(event),
      onLog: ({ event_id: event }) => setShown(event),
      onReplay: ({ event_id: event }) => setAgain(event),
    }),
  ];
  return (
    <Window onClose={onClose} size="90rem" title={t('webhooks.deliveries_of', { origin })}>
      <Stack>
        <Paged
          of={['deliveries', endpointId, sort]}
          load={(from, limit) =>
            ask(() =>
              client.GET('/v1/webhook-endpoints/{id}/deliveries', {
                params: { path: { id: endpointId }, query: { sort, cursor: from, limit } },
              }),
            )
          }
          none={t('webhooks.no_deliveries')}
          label={t('webhooks.deliveries')}
          columns={columns}
          keyOf={({ event_id: event }) => event}
          sorts={SORTS}
          sort={sort}
          onSort={(to) => {
            setSort(oneOf(SORTS, to) ?? '-created_at');
            setCursor(undefined);
          }}
          cursor={cursor}
          onCursor={setCursor}
          file="deliveries"
        />
        {shown !== undefined && <Attempts endpointId={endpointId} eventId={shown} name={shortId(shown)} />}
      </Stack>
      {again !== undefined && (
        <SendAgain endpointId={endpointId} eventId={again} thing={again} onClose={() => setAgain(undefined)} />
      )}
    </Window>
  );
}
