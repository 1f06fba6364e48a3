import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client } from '../../api';
import { useReading } from '../../language';
import { Empty, Loaded } from '../../parts/loaded';
import { type Mode, modeOf, ModeChoice } from '../../parts/mode-choice';
import { Panel } from '../../parts/page';
import { Rows } from '../../parts/table';
import { useInvoiceColumns } from './invoice-columns';
import { UsagePanel } from './usage-panel';

/** Invoices that are shown here: those of a year. */
const NEWEST = 12;

interface TenantUsageProps {
  tenantId: string;
  mode: string | undefined;
  month: string | undefined;
  onSearch: (search: { mode: string; month?: string | undefined }) => void;
}

/** What a tenant uses, and the invoices that came of it. */
export function TenantUsage({ tenantId, mode: named, month, onSearch }: TenantUsageProps) {
  const { t } = useReading();
  const mode = modeOf(named);
  return (
    <Stack>
      <Group justify="space-between">
        <ModeChoice mode={mode} onMode={(next) => onSearch({ mode: next })} />
        <Text size="sm">
          <Link to="/statements" search={{ mode, tenant_id: tenantId }}>
            {t('statements.title')}
          </Link>
        </Text>
      </Group>
      <UsagePanel tenantId={tenantId} mode={mode} month={month} onMonth={(next) => onSearch({ mode, month: next })} />
      <Invoices tenantId={tenantId} mode={mode} />
    </Stack>
  );
}

function Invoices({ tenantId, mode }: { tenantId: string; mode: Mode }) {
  const { t } = useReading();
  const query = { mode, tenant_id: tenantId, limit: NEWEST };
  const found = useQuery({
    queryKey: ['invoices', query],
    queryFn: () => ask(() => client.GET('/v1/invoices', { params: { query } })),
  });
  const columns = useInvoiceColumns({ withTenant: false });
  return (
    <Panel
      title={t('invoices.newest')}
      actions={
        <Text size="sm">
          <Link to="/invoices" search={{ mode, tenant_id: tenantId }}>
            {t('invoices.see_all')}
          </Link>
        </Text>
      }
    >
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty>{t('invoices.none_of_tenant')}</Empty>
          ) : (
            <Rows label={t('invoices.newest')} columns={columns} rows={data} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </Panel>
  );
}
