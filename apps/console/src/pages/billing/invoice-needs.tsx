import { Alert, List, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { useWaitingPrices } from './waiting';

type Needs = Schemas['InvoiceNeeds'];

/** What a month's invoices lack, each with the way to where it is registered. */
export function InvoiceNeeds({ mode, month }: { mode: Mode; month: string }) {
  const found = useQuery({
    queryKey: ['month-closes', mode, month, 'invoice-needs'],
    queryFn: () =>
      ask(() => client.GET('/v1/month-closes/{mode}/{month}/invoice-needs', { params: { path: { mode, month } } })),
    // What others have registered or approved meanwhile is no longer missing.
    refetchOnMount: 'always',
  });
  return <Loaded query={found}>{(needs) => <Told mode={mode} needs={needs} />}</Loaded>;
}

function Told({ mode, needs: { day, has_issuer: issuer, tenants, incomplete } }: { mode: Mode; needs: Needs }) {
  const { t, format } = useReading();
  const waitingOf = useWaitingPrices(mode);
  if (tenants === 0)
    return (
      <Text size="sm" c="dimmed">
        {t('months.needs_nobody')}
      </Text>
    );
  if (issuer && incomplete.length === 0)
    return (
      <Alert color="green" icon={<IconCircleCheck />}>
        <Text size="sm" c="var(--mantine-color-text)">
          {t('months.needs_none', { count: format.number(tenants) })}
        </Text>
      </Alert>
    );
  return (
    <Alert
      color="yellow"
      icon={<IconAlertTriangle />}
      title={t('months.needs')}
      styles={{ title: { color: 'var(--mantine-color-text)' } }}
    >
      <Stack gap="xs" c="var(--mantine-color-text)">
        <Text size="sm">{t('months.needs_lead', { day: format.date(day) })}</Text>
        <List size="sm" spacing={4}>
          {!issuer && (
            <List.Item>
              {t('months.needs_issuer')} <IssuerLink mode={mode} />
              <WaitingLink approval={waitingOf('invoice_issuer')} />
            </List.Item>
          )}
          {incomplete.map(({ tenant_id: id, tenant_name: name, missing }) => (
            <List.Item key={id}>
              <TenantPricesLink id={id} mode={mode}>
                {name}
              </TenantPricesLink>
              {': '}
              {format.list(missing.map((each) => t(`months.needs_${each}`)))}
              {missing.map((each) => (
                <WaitingLink key={each} approval={waitingOf(each, id)} />
              ))}
            </List.Item>
          ))}
        </List>
      </Stack>
    </Alert>
  );
}

/** Where what is missing waits for a second person. */
function WaitingLink({ approval }: { approval: Schemas['Approval'] | undefined }) {
  const { t } = useReading();
  if (!approval) return null;
  return (
    <>
      {' ('}
      <Link to="/approvals/$approvalId" params={{ approvalId: approval.id }} className="within-words">
        {t('months.needs_waiting')}
      </Link>
      {')'}
    </>
  );
}

/** Where the issuer is registered. */
export function IssuerLink({ mode }: { mode: Mode }) {
  const { t } = useReading();
  return (
    <Link to="/prices" search={{ mode, tab: 'issuers' }} className="within-words">
      {t('prices.title')} › {t('prices.tab_issuers')}
    </Link>
  );
}

/** Where a tenant's prices and billing address are registered. */
export function TenantPricesLink({ id, mode, children }: { id: string; mode: Mode; children: string }) {
  return (
    <Link to="/tenants/$tenantId" params={{ tenantId: id }} search={{ tab: 'prices', mode }} className="within-words">
      {children}
    </Link>
  );
}
