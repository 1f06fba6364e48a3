import { Button, Group, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Copyable, shortId } from '../../parts/copy';
import { CsvButton } from '../../parts/csv-button';
import { Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { State, type Tone } from '../../parts/state';
import { type Column, Pager, Rows } from '../../parts/table';
import { Window } from '../../parts/window';
import { oneOf } from '../../search';
import { useMay } from '../../session';
import { isTextKey } from '../../texts';

type Delivery = Schemas['WebhookDeliverySummary'];
type Attempt = Schemas['WebhookDelivery']['log'][number];
const SORTS = ['created_at', '-created_at'] as const;
const TONES: Record<Delivery['state'], Tone> = { pending: 'warn', delivered: 'good', failed: 'bad', cancelled: 'calm' };

interface DeliveriesProps {
  endpoint: Pick<Schemas['WebhookEndpointHealth'], 'id' | 'origin'>;
  onClose: () => void;
}

/** What was sent to an endpoint, newest first; any of it is sent again by whoever may. */
export function Deliveries({ endpoint, onClose }: DeliveriesProps) {
  const { t, format } = useReading();
  const may = useMay();
  const queries = useQueryClient();
  const [cursor, setCursor] = useState<string>();
  const [sort, setSort] = useState<(typeof SORTS)[number]>('-created_at');
  const [shown, setShown] = useState<string>();
  const [again, setAgain] = useState<string>();
  const path = { id: endpoint.id };
  const load = (from: string | undefined, limit: number) =>
    ask(() =>
      client.GET('/v1/webhook-endpoints/{id}/deliveries', { params: { path, query: { sort, cursor: from, limit } } }),
    );
  const found = useQuery({
    queryKey: ['deliveries', endpoint.id, sort, cursor],
    queryFn: () => load(cursor, 20),
  });
  const columns: Column<Delivery>[] = [
    { name: 'type', title: t('webhooks.event'), cell: ({ type }) => <code>{type}</code>, text: ({ type }) => type },
    {
      name: 'id',
      title: 'ID',
      cell: ({ event_id: id }) => <Copyable text={id} shown={shortId(id)} />,
      text: ({ event_id: id }) => id,
    },
    {
      name: 'state',
      title: t('webhooks.state'),
      cell: ({ state }) => <State tone={TONES[state]}>{t(`webhooks.delivery_${state}`)}</State>,
      text: ({ state }) => t(`webhooks.delivery_${state}`),
    },
    {
      name: 'attempts',
      title: t('webhooks.attempts'),
      right: true,
      cell: ({ attempts }) => format.number(attempts),
      text: ({ attempts }) => attempts,
    },
    { name: 'created_at', title: t('webhooks.occurred'), cell: ({ created_at: at }) => format.time(at) },
    { name: 'next', title: t('webhooks.next_attempt'), cell: ({ next_attempt_at: at }) => format.time(at) },
    { name: 'finished', title: t('webhooks.finished'), cell: ({ finished_at: at }) => format.time(at) },
    {
      name: 'actions',
      title: t('common.actions'),
      cell: ({ event_id: id }) => (
        <Group gap={6} wrap="nowrap">
          <Button
            size="compact-xs"
            variant="default"
            aria-label={t('webhooks.log_of', { id: shortId(id) })}
            onClick={() => setShown(id)}
          >
            {t('webhooks.log')}
          </Button>
          {may('webhooks:replay') && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('webhooks.replay_of', { id: shortId(id) })}
              onClick={() => setAgain(id)}
            >
              {t('webhooks.replay')}
            </Button>
          )}
        </Group>
      ),
    },
  ];
  return (
    <Window onClose={onClose} size="90rem" title={t('webhooks.deliveries_of', { origin: endpoint.origin })}>
      <Stack>
        <Loaded query={found}>
          {({ data, next_cursor: next }) =>
            data.length === 0 ? (
              <Empty>{t('webhooks.no_deliveries')}</Empty>
            ) : (
              <div>
                <Rows
                  label={t('webhooks.deliveries')}
                  columns={columns}
                  rows={data}
                  keyOf={({ event_id: id }) => id}
                  sorts={SORTS}
                  sort={sort}
                  onSort={(to) => {
                    setSort(oneOf(SORTS, to) ?? '-created_at');
                    setCursor(undefined);
                  }}
                />
                <Pager
                  cursor={cursor}
                  next={next}
                  onCursor={setCursor}
                  csv={
                    <CsvButton
                      name="deliveries"
                      label={t('webhooks.deliveries')}
                      columns={columns}
                      load={(from) => load(from, 100)}
                    />
                  }
                />
              </div>
            )
          }
        </Loaded>
        {shown !== undefined && <Log endpointId={endpoint.id} eventId={shown} />}
      </Stack>
      {again !== undefined && (
        <Confirm
          title={t('webhooks.replay')}
          thing={again}
          confirm={t('webhooks.replay')}
          act={async () => {
            const body = { event_id: again };
            await ask(() => client.POST('/v1/webhook-endpoints/{id}/replays', { params: { path }, body }));
            await queries.invalidateQueries({ queryKey: ['deliveries', endpoint.id] });
          }}
          done={t('webhooks.replay_done')}
          onClose={() => setAgain(undefined)}
        >
          {t('webhooks.replay_effect')}
        </Confirm>
      )}
    </Window>
  );
}

function Log({ endpointId, eventId }: { endpointId: string; eventId: string }) {
  const { t, format } = useReading();
  const path = { id: endpointId, event_id: eventId };
  const found = useQuery({
    queryKey: ['deliveries', endpointId, 'one', eventId],
    queryFn: () => ask(() => client.GET('/v1/webhook-endpoints/{id}/deliveries/{event_id}', { params: { path } })),
  });
  const columns: Column<Attempt>[] = [
    { name: 'started', title: t('webhooks.started'), cell: ({ started_at: at }) => format.time(at) },
    {
      name: 'duration',
      title: t('webhooks.duration'),
      right: true,
      cell: ({ duration_ms: ms }) => t('webhooks.milliseconds', { ms: format.number(ms) }),
    },
    { name: 'status', title: t('webhooks.answer'), cell: ({ status }) => (status === null ? '—' : `HTTP ${status}`) },
    {
      name: 'result',
      title: t('webhooks.result'),
      cell: ({ failure }) => {
        if (failure === null) return t('webhooks.result_good');
        const key = `webhooks.failure_${failure}`;
        return isTextKey(key) ? t(key) : failure;
      },
    },
  ];
  return (
    <Panel title={t('webhooks.log_of', { id: shortId(eventId) })}>
      <Loaded query={found}>
        {({ log }) =>
          log.length === 0 ? (
            <Empty>{t('common.not_yet')}</Empty>
          ) : (
            <Rows
              label={t('webhooks.log')}
              columns={columns}
              rows={log}
              keyOf={({ started_at: at, duration_ms: ms }) => `${at} ${ms}`}
            />
          )
        }
      </Loaded>
    </Panel>
  );
}
