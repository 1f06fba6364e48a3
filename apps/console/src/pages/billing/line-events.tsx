import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import { Empty } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { Paged } from '../../parts/paged';
import { Outcome } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';

type Event = Schemas['UsageEvent'];

interface LineEventsProps {
  statementId: string;
  /** The line's number in its statement, where that is not its own. */
  statementLine?: number;
  line: Pick<Schemas['StatementLine'], 'number' | 'description'>;
  cursor: string | undefined;
  onCursor: (cursor: string | undefined) => void;
}

/** What a line of a statement is made of, event by event. */
export function LineEvents({ statementId, statementLine, line, cursor, onCursor }: LineEventsProps) {
  const { t, language } = useReading();
  const number = statementLine ?? line.number;
  const columns = useEventColumns();
  // It opens below the lines, often out of sight: whoever asked for it is led there.
  const opened = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const heading = opened.current?.querySelector('h2');
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: 'start' });
  }, []);
  return (
    <div ref={opened}>
      <Panel title={`${t('statements.events_of', { line: line.number })}: ${line.description[language]}`}>
        <Paged
          of={['line-events', statementId, number]}
          load={(from, limit) =>
            ask(() =>
              client.GET('/v1/statements/{id}/lines/{number}/events', {
                params: { path: { id: statementId, number }, query: { cursor: from, limit } },
              }),
            )
          }
          none={t('statements.no_events')}
          label={t('statements.events_of', { line: line.number })}
          columns={columns}
          keyOf={({ id }) => id}
          cursor={cursor}
          onCursor={onCursor}
          file={`events-of-line-${line.number}`}
        />
      </Panel>
    </div>
  );
}

function useEventColumns(): Column<Event>[] {
  const { t, format } = useReading();
  return [
    {
      name: 'id',
      title: t('statements.event_id'),
      cell: ({ id }) => (
        <Link to="/usage-events/$eventId" params={{ eventId: id }} className="numbers">
          {shortId(id)}
        </Link>
      ),
      text: ({ id }) => id,
    },
    { name: 'at', title: t('statements.occurred_at'), cell: ({ occurred_at: at }) => format.time(at) },
    { name: 'meter', title: t('prices.meter'), cell: ({ meter }) => t(`prices.meter_${meter}`) },
    { name: 'purpose', title: t('prices.purpose'), cell: ({ purpose }) => t(`prices.purpose_${purpose}`) },
    { name: 'method', title: t('statements.method'), cell: ({ method }) => t(`statements.method_${method}`) },
    {
      name: 'outcome',
      title: t('verifications.outcome'),
      cell: ({ outcome }) => <Outcome outcome={outcome} />,
      text: ({ outcome }) => t(`verifications.outcome_${outcome}`),
    },
    {
      name: 'verification',
      title: t('verifications.verification'),
      cell: ({ verification_id: id }) => <VerificationLink id={id} />,
      text: ({ verification_id: id }) => id,
    },
  ];
}

/** Usage events, each leading to what it costs and to what caused it. */
export function Events({ events, none }: { events: readonly Event[]; none: string }) {
  const { t } = useReading();
  const columns = useEventColumns();
  if (events.length === 0) return <Empty>{none}</Empty>;
  return <Rows label={t('statements.event')} columns={columns} rows={events} keyOf={({ id }) => id} />;
}

/** Leads to the verification for those who may see it. */
export function VerificationLink({ id }: { id: string | null }) {
  if (id === null) return '—';
  return (
    <Link to="/verifications/$verificationId" params={{ verificationId: id }} className="numbers">
      {shortId(id)}
    </Link>
  );
}
