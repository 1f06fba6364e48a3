import { Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';

export type TenantStepName = Schemas['Tenant']['steps'][number];
type Tenant = Pick<Schemas['Tenant'], 'id' | 'name'>;

/** What a tenant's change makes out of date. */
function useForget(id: string): () => Promise<unknown> {
  const queries = useQueryClient();
  return () =>
    Promise.all(
      [['tenant', id], ['tenants'], ['approvals']].map((queryKey) => queries.invalidateQueries({ queryKey })),
    );
}

/** One step of the way, with its reason. */
export function StepDialog({
  tenant,
  step,
  danger,
  onClose,
}: {
  tenant: Tenant;
  step: TenantStepName;
  danger: boolean;
  onClose: () => void;
}) {
  const { t } = useReading();
  const forget = useForget(tenant.id);
  const [notice, setNotice] = useState({ notified_on: '', reference: '' });
  const notify = step === 'notify';
  const example = step === 'review' || step === 'accept' ? t(`tenants.example_${step}`) : undefined;
  const act = async (reason: string): Promise<void> => {
    const body = step === 'notify' ? { step, reason, ...notice } : { step, reason };
    await ask(() => client.POST('/v1/tenants/{id}/steps', { params: { path: { id: tenant.id } }, body }));
    await forget();
  };
  return (
    <Confirm
      title={t(`tenants.step_${step}`)}
      thing={tenant.name}
      confirm={t(`tenants.step_${step}`)}
      danger={danger}
      words={{ field: 'reason', label: t('common.reason'), required: true, example }}
      act={act}
      done={t(`tenants.done_${step}`, { name: tenant.name })}
      onClose={onClose}
    >
      <Text size="sm">{t(`tenants.effect_${step}`)}</Text>
      {notify && (
        <>
          <TextInput
            type="date"
            label={t('tenants.notified_on')}
            required
            value={notice.notified_on}
            onChange={(event) => setNotice({ ...notice, notified_on: event.currentTarget.value })}
          />
          <TextInput
            label={t('tenants.notification_reference')}
            required
            maxLength={100}
            value={notice.reference}
            onChange={(event) => setNotice({ ...notice, reference: event.currentTarget.value })}
          />
        </>
      )}
    </Confirm>
  );
}

/** Puts the tenant before a second person. */
export function GoLiveDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const { t } = useReading();
  const forget = useForget(tenant.id);
  const act = async (reason: string): Promise<void> => {
    await ask(() => client.POST('/v1/tenants/{id}/go-live', { params: { path: { id: tenant.id } }, body: { reason } }));
    await forget();
  };
  return (
    <Confirm
      title={t('tenants.propose_go_live')}
      thing={tenant.name}
      confirm={t('common.propose')}
      words={{ field: 'reason', label: t('common.reason'), required: true }}
      act={act}
      done={t('tenants.done_go_live', { name: tenant.name })}
      onClose={onClose}
    >
      <Text size="sm">{t('tenants.effect_go_live')}</Text>
    </Confirm>
  );
}
