import { Alert, Stack, Tabs, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Actor } from '../../parts/actor';
import { download } from '../../parts/download';
import { Empty, Loaded } from '../../parts/loaded';
import { modeOf } from '../../parts/mode-choice';
import { LinkButton } from '../../parts/link-button';
import { Facts, Page, Panel } from '../../parts/page';
import { ModeState } from '../../parts/state';
import { Take } from '../../parts/take';
import { oneOf } from '../../search';
import { MakeDrafts } from './make-drafts';
import { monthCloses } from './month-closes';
import { CloseState, Statements } from './months-page';
import { Reconciliations } from './reconciliations';
import { StatementsList } from './statements-list';

const route = getRouteApi('/months/$mode/$month');
type MonthClose = Schemas['MonthClose'];
const TABS = ['statements', 'reconciliation', 'invoices'] as const;

/** One month: its statements, the bill of J-LIS against it, and the way to its invoices. */
export function MonthPage() {
  const { t, format } = useReading();
  const { mode: named, month } = route.useParams();
  const mode = modeOf(named);
  const found = useQuery(monthCloses(mode));
  const close = found.data?.data.find((each) => each.month === month);
  const path = { mode, month };
  return (
    <Page
      title={/^\d{4}-\d{2}$/.test(month) ? format.month(month) : month}
      crumbs={[{ label: t('months.title'), to: '/months', mode }]}
      beside={
        <>
          <ModeState mode={mode} />
          {close && <CloseState state={close.state} />}
        </>
      }
      actions={
        close?.state === 'closed' && (
          <>
            <Take
              name={t('months.report')}
              done={t('months.report_done')}
              take={() =>
                download(
                  () =>
                    client.GET('/v1/month-closes/{mode}/{month}/jlis-report', { params: { path }, parseAs: 'blob' }),
                  `jlis-report-${mode}-${month}.csv`,
                )
              }
            />
            {close.invoices.undrafted > 0 ? (
              <LinkButton to="/months/$mode/$month" params={path} search={{ tab: 'invoices' }}>
                {t('months.make_invoices')}
              </LinkButton>
            ) : (
              <LinkButton to="/invoices" search={{ mode, month }} variant="default">
                {t('months.see_invoices')}
              </LinkButton>
            )}
          </>
        )
      }
    >
      <Loaded query={found}>
        {() => (close ? <Month close={close} /> : <Empty>{t('common.nothing_found')}</Empty>)}
      </Loaded>
    </Page>
  );
}

function Month({ close }: { close: MonthClose }) {
  const { t, format } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { mode, month } = close;
  return (
    <Stack>
      <Panel title={t('months.progress')}>
        {close.state === 'closing' && <Closing close={close} />}
        <Facts
          facts={[
            [t('months.statements'), <Statements close={close} />],
            [t('months.billed'), format.yen(close.billed_yen)],
            [t('months.begun_at'), format.time(close.begun_at)],
            [t('months.begun_by'), <Actor name={close.begun_by} />],
            [t('months.closed_at'), format.time(close.closed_at)],
          ]}
        />
      </Panel>
      <Tabs
        value={oneOf(TABS, search.tab) ?? 'statements'}
        onChange={(tab) => void navigate({ search: { tab: tab ?? undefined } })}
      >
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`months.tab_${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="statements">
          <div className="panel">
            <StatementsList
              query={{ mode, month }}
              cursor={search.cursor}
              onCursor={(cursor) => void navigate({ search: { ...search, cursor } })}
            />
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="reconciliation">
          <Reconciliations close={close} />
        </Tabs.Panel>
        <Tabs.Panel value="invoices">
          <MakeDrafts close={close} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

/** A closing that goes on, or what stands in its way. */
function Closing({ close: { mode, without_fee: unpriced } }: { close: MonthClose }) {
  const { t, format } = useReading();
  if (!unpriced)
    return (
      <Text size="sm" p="md">
        {t('months.closing_hint')}
      </Text>
    );
  return (
    <Alert color="red" icon={<IconAlertTriangle />} m="md">
      {t('months.without_fee', {
        meter: t(`prices.meter_${unpriced.meter}`),
        day: format.date(unpriced.day),
        time: format.time(unpriced.noticed_at),
      })}{' '}
      <Link to="/prices" search={{ mode }} className="within-words">
        {t('prices.title')}
      </Link>
    </Alert>
  );
}
