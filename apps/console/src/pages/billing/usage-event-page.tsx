import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable, shortId } from '../../parts/copy';
import { Loaded } from '../../parts/loaded';
import { Facts, Page, Panel } from '../../parts/page';
import { Outcome } from '../../parts/state';
import { isTextKey } from '../../texts';
import { BilledIn } from './billed-in';
import { VerificationLink } from './line-events';

const route = getRouteApi('/usage-events/$eventId');
type Traced = Schemas['TracedUsageEvent'];

/** One usage event between what caused it and the line it is billed in. */
export function UsageEventPage() {
  const { t } = useReading();
  const { eventId } = route.useParams();
  const found = useQuery({
    queryKey: ['usage-event', eventId],
    queryFn: () => ask(() => client.GET('/v1/usage-events/{id}', { params: { path: { id: eventId } } })),
  });
  return (
    <Page
      title={t('statements.event')}
      crumbs={[{ label: t('statements.title'), to: '/statements' }]}
      beside={found.data && <Outcome outcome={found.data.outcome} />}
      lead={<Copyable text={eventId} />}
    >
      <Loaded query={found}>{(event) => <Told event={event} />}</Loaded>
    </Page>
  );
}

function Told({ event }: { event: Traced }) {
  const { t, format } = useReading();
  const source = `statements.source_${event.source}`;
  const costs = (why: Traced['jlis_unbilled']): string =>
    why === null ? t('statements.in_some_line') : t('statements.in_no_line', { reason: t(`statements.reason_${why}`) });
  return (
    <Stack>
      <Panel title={t('statements.event_facts')}>
        <Facts
          facts={[
            [t('statements.occurred_at'), format.time(event.occurred_at)],
            [t('prices.meter'), t(`prices.meter_${event.meter}`)],
            [t('prices.purpose'), t(`prices.purpose_${event.purpose}`)],
            [t('statements.method'), t(`statements.method_${event.method}`)],
            [t('verifications.certificate_kind'), t(`verifications.certificate_${event.certificate_kind}`)],
            [t('statements.source'), isTextKey(source) ? t(source) : event.source],
            [t('verifications.verification'), <VerificationLink id={event.verification_id} />],
          ]}
        />
      </Panel>
      <Panel title={t('statements.costs')}>
        <Facts
          facts={[
            [t('months.month'), format.month(event.month)],
            [t('statements.contract_yen'), costs(event.contract_unbilled)],
            [t('statements.jlis_yen'), costs(event.jlis_unbilled)],
            [
              t('statements.statement'),
              event.statement_id === null ? (
                t('statements.not_closed')
              ) : (
                <Link to="/statements/$statementId" params={{ statementId: event.statement_id }} className="numbers">
                  {shortId(event.statement_id)}
                </Link>
              ),
            ],
            [
              t('statements.invoice'),
              event.invoice_id === null ? (
                t('statements.no_invoice')
              ) : (
                <Link to="/invoices/$invoiceId" params={{ invoiceId: event.invoice_id }} className="numbers">
                  {shortId(event.invoice_id)}
                </Link>
              ),
            ],
            [t('statements.lines'), <BilledIn event={event} />],
          ]}
        />
      </Panel>
    </Stack>
  );
}
