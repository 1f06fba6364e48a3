import { Button, Group, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Actor } from '../../parts/actor';
import { Confirm } from '../../parts/confirm';
import { Empty, Loaded } from '../../parts/loaded';
import { type Mode, modeOf, ModeChoice } from '../../parts/mode-choice';
import { Page, Panel } from '../../parts/page';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { useMay } from '../../session';
import { InvoiceNeeds } from './invoice-needs';
import { monthCloses } from './month-closes';

const route = getRouteApi('/months');
type MonthClose = Schemas['MonthClose'];

export function CloseState({ state }: { state: MonthClose['state'] }) {
  const { t } = useReading();
  return <State tone={state === 'closed' ? 'good' : 'warn'}>{t(`months.state_${state}`)}</State>;
}

/** How many statements are written, while it goes on of how many. */
export function Statements({ close: { state, statements, statements_due: due } }: { close: MonthClose }) {
  const { t, format } = useReading();
  const count = format.number(statements);
  if (state === 'closed') return t('months.statements_of', { count });
  if (due === null) return t('months.statements_rating');
  return t('months.statements_of_due', { count, due: format.number(due) });
}

/** Months that are closed, and whose turn it is. */
export function MonthsPage() {
  const { t, format } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mode = modeOf(search.mode);
  const found = useQuery(monthCloses(mode));
  const columns: Column<MonthClose>[] = [
    {
      name: 'month',
      title: t('months.month'),
      cell: ({ month }) => (
        <Link to="/months/$mode/$month" params={{ mode, month }}>
          {format.month(month)}
        </Link>
      ),
      text: ({ month }) => month,
    },
    {
      name: 'state',
      title: t('months.state'),
      cell: ({ state }) => <CloseState state={state} />,
      text: ({ state }) => t(`months.state_${state}`),
    },
    {
      name: 'statements',
      title: t('months.statements'),
      right: true,
      cell: (close) => <Statements close={close} />,
      text: ({ statements }) => statements,
    },
    {
      name: 'billed',
      title: t('months.billed'),
      right: true,
      cell: ({ billed_yen: yen }) => format.yen(yen),
      text: ({ billed_yen: yen }) => yen,
    },
    {
      name: 'jlis',
      title: t('months.jlis'),
      cell: ({ unexplained_difference: open }) =>
        open ? <State tone="bad">{t('months.unexplained')}</State> : t('months.no_difference'),
      text: ({ unexplained_difference: open }) => t(open ? 'months.unexplained' : 'months.no_difference'),
    },
    {
      name: 'invoices',
      title: t('invoices.title'),
      cell: (close) => <Invoicing close={close} />,
      text: ({ invoices: { issued, drafts, undrafted } }) => `${issued}/${issued + drafts + undrafted}`,
    },
    { name: 'closed', title: t('months.closed_at'), cell: ({ closed_at: at }) => format.minute(at) },
    {
      name: 'by',
      title: t('months.begun_by'),
      cell: ({ begun_by: by }) => <Actor name={by} />,
      text: ({ begun_by: by }) => by,
    },
  ];
  return (
    <Page title={t('months.title')} lead={t('months.lead')}>
      <ModeChoice mode={mode} onMode={(next) => void navigate({ search: { mode: next } })} />
      <Loaded query={found}>
        {({ data, ...next }) => (
          <>
            <Next mode={mode} next={next} under={data.find(({ state }) => state === 'closing')} />
            <div className="panel">
              {data.length === 0 ? (
                <Empty>{t('months.none')}</Empty>
              ) : (
                <Rows
                  label={t('months.title')}
                  columns={columns}
                  rows={data}
                  keyOf={({ month }) => month}
                  whole="months"
                />
              )}
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** How far the invoices of a closed month are, with the way to what comes next. */
function Invoicing({ close: { mode, month, state, invoices } }: { close: MonthClose }) {
  const { t, format } = useReading();
  const { issued, drafts, undrafted } = invoices;
  const of = format.number(issued + drafts + undrafted);
  if (state !== 'closed') return '—';
  if (undrafted > 0)
    return (
      <Link to="/months/$mode/$month" params={{ mode, month }} search={{ tab: 'invoices' }}>
        {issued + drafts === 0
          ? t('months.make_invoices')
          : t('months.invoices_undrafted', { count: format.number(undrafted), of })}
      </Link>
    );
  if (drafts > 0)
    return (
      <Link to="/invoices" search={{ mode, tab: 'drafts', month }}>
        {t('months.invoices_drafts', { count: format.number(drafts), of })}
      </Link>
    );
  if (issued === 0) return t('months.invoices_none');
  return (
    <Link to="/invoices" search={{ mode, month }}>
      {t('months.invoices_issued', { count: format.number(issued), of })}
    </Link>
  );
}

interface NextProps {
  mode: Mode;
  next: Omit<Schemas['MonthCloseList'], 'data'>;
  /** What is being closed. */
  under: MonthClose | undefined;
}

/** The month whose turn it is. */
function Next({ mode, next, under }: NextProps) {
  const { next_month: month, next_month_ends_at: endsAt, next_month_is_over: isOver } = next;
  const { t, format } = useReading();
  const may = useMay();
  const queries = useQueryClient();
  // The month that is asked about stays the same while the list goes on.
  const [asking, setAsking] = useState<string>();
  if (month === null)
    return (
      <Panel title={t('months.next')} padded>
        <Text size="sm">{t('months.nothing_next')}</Text>
      </Panel>
    );
  const named = format.month(month);
  // One that nothing stands in the way of ends by itself.
  const isUnderWay = under?.month === month && under.without_fee === null;
  return (
    <Panel title={t('months.next')} padded>
      <Group justify="space-between">
        <Group gap="xs">
          <Text fw={650}>{named}</Text>
          {!isOver && (
            <Text size="sm" c="dimmed">
              {t('months.closes_from', { at: format.minute(endsAt) })}
            </Text>
          )}
          {isUnderWay && <CloseState state="closing" />}
        </Group>
        {may('months:close') && (
          <Button disabled={!isOver || isUnderWay} onClick={() => setAsking(month)}>
            {t('months.close', { month: named })}
          </Button>
        )}
      </Group>
      <InvoiceNeeds mode={mode} month={month} />
      {asking !== undefined && (
        <Confirm
          title={t('months.close_title')}
          thing={t('months.close_thing', { month: format.month(asking), mode: t(`common.mode_${mode}`) })}
          confirm={t('months.close_confirm')}
          size="lg"
          act={async () => {
            await ask(() => client.POST('/v1/month-closes', { body: { mode, month: asking } }));
            await queries.invalidateQueries({ queryKey: ['month-closes'] });
          }}
          done={t('months.close_done', { month: format.month(asking) })}
          onClose={() => setAsking(undefined)}
        >
          <Text size="sm">{t('months.close_effect')}</Text>
          <InvoiceNeeds mode={mode} month={asking} />
        </Confirm>
      )}
    </Panel>
  );
}
