import { Button, Group, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, Refused, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Allowed, Empty, Loaded } from '../../parts/loaded';
import { useMay } from '../../session';
import { type Application, draftOf, emptyDraft } from './application-draft';
import { ApplicationFacts } from './application-form';
import { ApplicationSteps } from './application-steps';
import { useToast } from '../../parts/toast';

const CHANGEABLE: readonly Schemas['Tenant']['state'][] = ['applied', 'in_review', 'test'];

/** What the tenant applied with. It names people: each look is recorded. */
export function ApplicationTab({ tenant }: { tenant: Schemas['TenantDetail'] }) {
  return (
    <Allowed permission="applications:read">
      <FiledApplication tenant={tenant} />
    </Allowed>
  );
}

function FiledApplication({ tenant }: { tenant: Schemas['TenantDetail'] }) {
  const { t } = useReading();
  const may = useMay();
  const [editing, setEditing] = useState(false);
  const filed = useQuery({
    queryKey: ['tenant', tenant.id, 'application'],
    queryFn: () => readApplication(tenant.id),
    // A look is an audit event: once is enough while the page is open.
    staleTime: Infinity,
  });
  const changeable = may('tenants:write') && CHANGEABLE.includes(tenant.state);
  return (
    <Loaded query={filed}>
      {({ application }) =>
        editing ? (
          <Editor tenant={tenant} application={application} onDone={() => setEditing(false)} />
        ) : application === null ? (
          <div className="panel">
            <Empty action={changeable && <Button onClick={() => setEditing(true)}>{t('application.file')}</Button>}>
              {t('application.none')}
            </Empty>
          </div>
        ) : (
          <Stack>
            {changeable && (
              <Group justify="flex-end">
                <Button variant="default" onClick={() => setEditing(true)}>
                  {t('application.change')}
                </Button>
              </Group>
            )}
            <ApplicationFacts draft={draftOf(application)} />
          </Stack>
        )
      }
    </Loaded>
  );
}

/** A tenant that was made without an application has none, which is no mistake. */
async function readApplication(id: string): Promise<{ application: Application | null }> {
  try {
    return { application: await ask(() => client.GET('/v1/tenants/{id}/application', { params: { path: { id } } })) };
  } catch (error) {
    if (error instanceof Refused && error.problem.code === 'not_found') return { application: null };
    throw error;
  }
}

interface EditorProps {
  tenant: Schemas['TenantDetail'];
  application: Application | null;
  onDone: () => void;
}

function Editor({ tenant, application, onDone }: EditorProps) {
  const { t } = useReading();
  const toast = useToast();
  const queries = useQueryClient();
  const [begin] = useState(() => (application === null ? emptyDraft() : draftOf(application)));
  const filing = useMutation({
    mutationFn: (body: Application) =>
      ask(() => client.PUT('/v1/tenants/{id}/application', { params: { path: { id: tenant.id } }, body })),
    onSuccess: async () => {
      toast(t('application.changed', { name: tenant.name }));
      await queries.invalidateQueries({ queryKey: ['tenant', tenant.id] });
      await queries.invalidateQueries({ queryKey: ['tenants'] });
      onDone();
    },
  });
  return (
    <div className="panel" style={{ padding: 24, maxWidth: 860 }}>
      <ApplicationSteps begin={begin} filing={filing} submit={t('common.save')} onCancel={onDone} />
    </div>
  );
}
