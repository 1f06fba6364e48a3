import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty, Loaded } from '../../parts/loaded';
import { type Mode, modeOf, ModeChoice } from '../../parts/mode-choice';
import { Panel } from '../../parts/page';
import { type Column, Rows } from '../../parts/table';
import { InvoiceState } from './invoice-state';
import { UsagePanel } from './usage-panel';

type Summary = Schemas['InvoiceSummary'];

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
  const { t, format } = useReading();
  const query = { mode, tenant_id: tenantId, limit: NEWEST };
  const found = useQuery({
    queryKey: ['invoices', query],
    queryFn: () => ask(() => client.GET('/v1/invoices', { params: { query } })),
  });
  const columns: Column<Summary>[] = [
    {
      name: 'number',
      title: t('invoices.number'),
      cell: ({ id, number }) => (
        <Link to="/invoices/$invoiceId" params={{ invoiceId: id }} className="numbers">
          {number}
        </Link>
      ),
    },
    { name: 'state', title: t('invoices.state'), cell: ({ state }) => <InvoiceState state={state} /> },
    { name: 'month', title: t('invoices.month'), cell: ({ month }) => format.month(month) },
    { name: 'total', title: t('invoices.total'), right: true, cell: ({ total_yen: yen }) => format.yen(yen) },
    { name: 'issued', title: t('invoices.issued_on'), cell: ({ issued_on: on }) => format.date(on) },
    { name: 'due', title: t('invoices.due_on'), cell: ({ due_on: on }) => format.date(on) },
  ];
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
