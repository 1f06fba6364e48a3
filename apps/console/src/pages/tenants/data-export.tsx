import { Button, NativeSelect, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { download } from '../../parts/download';
import { Panel } from '../../parts/page';
import { oneOf } from '../../search';
import { useMay } from '../../session';

const MODES = ['live', 'test'] as const;

/** What the tenant takes along when it leaves, or whenever it asks. */
export function DataExport({ tenant }: { tenant: Schemas['TenantDetail'] }) {
  const { t } = useReading();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const [mode, setMode] = useState<(typeof MODES)[number]>(tenant.state === 'test' ? 'test' : 'live');
  if (!may('tenant_data:export')) return null;
  return (
    <Panel title={t('tenants.export')}>
      <Stack p="md" align="flex-start">
        <Text size="sm">{t(tenant.state === 'terminated' ? 'tenants.export_now' : 'tenants.export_lead')}</Text>
        <Button variant="default" onClick={() => setAsking(true)}>
          {t('tenants.export_act')}
        </Button>
      </Stack>
      {asking && (
        <Confirm
          title={t('tenants.export')}
          thing={tenant.name}
          confirm={t('common.download')}
          words={{ field: 'reason', label: t('common.reason'), required: true }}
          act={(reason) =>
            download(
              () =>
                client.POST('/v1/tenants/{id}/data-export', {
                  params: { path: { id: tenant.id } },
                  body: { mode, reason },
                  parseAs: 'blob',
                }),
              `${tenant.id}-${mode}.jsonl`,
            )
          }
          done={t('tenants.export_done', { name: tenant.name })}
          onClose={() => setAsking(false)}
        >
          <Text size="sm">{t('tenants.export_effect')}</Text>
          <NativeSelect
            label={t('common.mode')}
            value={mode}
            data={MODES.map((each) => ({ value: each, label: t(`common.mode_${each}`) }))}
            onChange={(event) => setMode(oneOf(MODES, event.currentTarget.value) ?? 'live')}
          />
        </Confirm>
      )}
    </Panel>
  );
}
