import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import { Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { type Column, Rows } from '../../parts/table';
import { useMay } from '../../session';
import { BilledIn } from './billed-in';

type Traced = Schemas['TracedUsageEvent'];

/** A verification as far as a bill is held against it, with its usage. */
export const verificationUsage = (id: string) =>
  queryOptions({
    queryKey: ['verification-usage', id],
    queryFn: () => ask(() => client.GET('/v1/verifications/{id}/usage-events', { params: { path: { id } } })),
  });

/** What a verification has been counted as, and where that is billed; for whoever may see bills. */
export function VerificationUsage({ id }: { id: string }) {
  const { t } = useReading();
  const may = useMay();
  const found = useQuery({ ...verificationUsage(id), enabled: may('billing:read') });
  if (!may('billing:read')) return null;
  const columns: Column<Traced>[] = [
    {
      name: 'id',
      title: t('statements.event_id'),
      cell: ({ id: event }) => (
        <Link to="/usage-events/$eventId" params={{ eventId: event }} className="numbers">
          {shortId(event)}
        </Link>
      ),
    },
    { name: 'meter', title: t('prices.meter'), cell: ({ meter }) => t(`prices.meter_${meter}`) },
    { name: 'method', title: t('statements.method'), cell: ({ method }) => t(`statements.method_${method}`) },
    {
      name: 'costs',
      title: t('statements.contract_yen'),
      cell: ({ contract_unbilled: why }) =>
        why === null
          ? t('statements.in_some_line')
          : t('statements.in_no_line', { reason: t(`statements.reason_${why}`) }),
    },
    { name: 'billed', title: t('statements.statement'), cell: (event) => <BilledIn event={event} /> },
  ];
  return (
    <Panel title={t('statements.usage_of_verification')}>
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty>{t('statements.usage_of_verification_none')}</Empty>
          ) : (
            <Rows
              label={t('statements.usage_of_verification')}
              columns={columns}
              rows={data}
              keyOf={({ id: event }) => event}
            />
          )
        }
      </Loaded>
    </Panel>
  );
}
