import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { Rows } from '../../parts/table';
import { useMay } from '../../session';
import { PlaceHold, useHolds } from './holds';

/** What keeps a verification beyond its time: a hold on it, or on everything of its tenant. */
export function HoldsPanel({ of }: { of: Pick<Schemas['Explanation'], 'id' | 'tenant_id' | 'mode'> }) {
  const { t } = useReading();
  const may = useMay();
  const [placing, setPlacing] = useState(false);
  const { columns, asking } = useHolds();
  const query = { tenant_id: of.tenant_id, mode: of.mode, limit: 100 };
  const found = useQuery({
    queryKey: ['legal-holds', query],
    queryFn: () => ask(() => client.GET('/v1/legal-holds', { params: { query } })),
    enabled: may('retention:read'),
  });
  if (!may('retention:read')) return null;
  return (
    <Panel
      title={t('holds.hold')}
      actions={
        may('holds:write') && (
          <Button size="xs" variant="default" onClick={() => setPlacing(true)}>
            {t('holds.place')}
          </Button>
        )
      }
    >
      <Loaded query={found}>
        {({ data }) => {
          const holds = data.filter(
            ({ person_id: person, verification_id: verification }) =>
              verification === of.id || (person === null && verification === null),
          );
          return holds.length === 0 ? (
            <Empty>{t('holds.none_here')}</Empty>
          ) : (
            <Rows label={t('holds.hold')} columns={columns} rows={holds} keyOf={({ id }) => id} />
          );
        }}
      </Loaded>
      {asking}
      {placing && (
        <PlaceHold tenantId={of.tenant_id} mode={of.mode} verificationId={of.id} onClose={() => setPlacing(false)} />
      )}
    </Panel>
  );
}
