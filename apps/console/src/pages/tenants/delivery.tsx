import { Button, Group } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { State, type Tone } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { useMay } from '../../session';
import { isTextKey } from '../../texts';

type Delivery = Schemas['WebhookDeliverySummary'];
type Attempt = Schemas['WebhookDelivery']['log'][number];
const TONES: Record<Delivery['state'], Tone> = { pending: 'warn', delivered: 'good', failed: 'bad', cancelled: 'calm' };

interface Acts<Row> {
  /** What tells a row from the others. */
  nameOf: (row: Row) => string;
  onLog: (row: Row) => void;
  onReplay: (row: Row) => void;
}

/** How a delivery stands, and what can be done with it. */
export function useDeliveryColumns<Row extends Delivery>({ nameOf, onLog, onReplay }: Acts<Row>): Column<Row>[] {
  const { t, format } = useReading();
  const may = useMay();
  return [
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
      cell: (row) => (
        <Group gap={6} wrap="nowrap">
          <Button
            size="compact-xs"
            variant="default"
            aria-label={t('webhooks.log_of', { id: nameOf(row) })}
            onClick={() => onLog(row)}
          >
            {t('webhooks.log')}
          </Button>
          {may('webhooks:replay') && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('webhooks.replay_of', { id: nameOf(row) })}
              onClick={() => onReplay(row)}
            >
              {t('webhooks.replay')}
            </Button>
          )}
        </Group>
      ),
    },
  ];
}

/** An event on its way to an endpoint. */
interface Way {
  endpointId: string;
  eventId: string;
}

/** Asks once more, and sends an event to an endpoint again. */
export function SendAgain({ endpointId, eventId, thing, onClose }: Way & { thing: string; onClose: () => void }) {
  const { t } = useReading();
  const queries = useQueryClient();
  return (
    <Confirm
      title={t('webhooks.replay')}
      thing={thing}
      confirm={t('webhooks.replay')}
      act={async () => {
        const [path, body] = [{ id: endpointId }, { event_id: eventId }];
        await ask(() => client.POST('/v1/webhook-endpoints/{id}/replays', { params: { path }, body }));
        for (const queryKey of [['deliveries', endpointId], ['events']]) await queries.invalidateQueries({ queryKey });
      }}
      done={t('webhooks.replay_done')}
      onClose={onClose}
    >
      {t('webhooks.replay_effect')}
    </Confirm>
  );
}

/** Each attempt at a delivery and what came of it. */
export function Attempts({ endpointId, eventId, name }: Way & { name: string }) {
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
    <Panel title={t('webhooks.log_of', { id: name })}>
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
