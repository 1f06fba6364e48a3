import { Button, FileButton, Group, Stack, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Allowed, Empty, Loaded } from '../../parts/loaded';
import { Facts, Panel } from '../../parts/page';
import { ProblemPanel } from '../../parts/problem';
import { State } from '../../parts/state';
import { useToast } from '../../parts/toast';
import { useMay } from '../../session';
import { ChecklistFiles } from './checklist-files';
import { attachFile, checklistKey, FILE_TYPES } from './checklist-upload';

type Checklist = Schemas['Checklist'];
type Item = Checklist['items'][number];

/** What has to be done before J-LIS is notified, with the papers that show it. */
export function ChecklistTab({ tenant }: { tenant: Schemas['TenantDetail'] }) {
  return (
    <Allowed permission="checklist:read">
      <Items tenant={tenant} />
    </Allowed>
  );
}

function Items({ tenant }: { tenant: Schemas['TenantDetail'] }) {
  const { t } = useReading();
  const found = useQuery({
    queryKey: checklistKey(tenant.id),
    queryFn: () => ask(() => client.GET('/v1/tenants/{id}/checklist', { params: { path: { id: tenant.id } } })),
  });
  return (
    <Loaded query={found}>
      {(checklist) => (
        <Stack>
          <Text size="sm">
            {checklist.open.length === 0
              ? t(tenant.state === 'test' ? 'checklist.complete' : 'checklist.complete_notified')
              : t('checklist.open_items', { count: checklist.open.length })}
          </Text>
          {checklist.items.map((item) => (
            <OneItem key={item.item} tenant={tenant} item={item} />
          ))}
          <ConnectionTest test={checklist.connection_test} />
        </Stack>
      )}
    </Loaded>
  );
}

function ItemState({ state }: { state: Item['state'] }) {
  const { t } = useReading();
  return <State tone={state === 'done' ? 'good' : 'warn'}>{t(`checklist.state_${state}`)}</State>;
}

function OneItem({ tenant, item }: { tenant: Schemas['TenantDetail']; item: Item }) {
  const { t, format } = useReading();
  const may = useMay();
  const toast = useToast();
  const queries = useQueryClient();
  const [asking, setAsking] = useState<'confirm' | 'reopen'>();
  const keep = (checklist: Checklist): void => {
    queries.setQueryData(checklistKey(tenant.id), checklist);
  };
  const path = { id: tenant.id, item: item.item };
  const attaching = useMutation({
    mutationFn: (file: File) => attachFile(path, file),
    onSuccess: (checklist, file) => {
      keep(checklist);
      toast(t('checklist.attached', { name: file.name }));
    },
  });
  const act = async (words: string): Promise<void> => {
    keep(
      await (asking === 'confirm'
        ? ask(() =>
            client.POST('/v1/tenants/{id}/checklist/items/{item}/confirm', {
              params: { path },
              body: words === '' ? {} : { note: words },
            }),
          )
        : ask(() =>
            client.POST('/v1/tenants/{id}/checklist/items/{item}/reopen', {
              params: { path },
              body: { reason: words },
            }),
          )),
    );
  };
  const name = t(`checklist.item_${item.item}`);
  const { confirmed } = item;
  return (
    <Panel title={name} actions={<ItemState state={item.state} />}>
      <Stack gap="xs" p="md">
        <Text size="sm" c="dimmed">
          {t(`checklist.about_${item.item}`)}
        </Text>
        {item.files.length === 0 ? (
          <Text size="sm">{t('checklist.no_files')}</Text>
        ) : (
          <ChecklistFiles tenant={tenant} item={item.item} files={item.files} label={name} />
        )}
        {confirmed && (
          <Text size="sm">
            {t('checklist.confirmed_by', {
              name: confirmed.by.name ?? confirmed.by.id,
              at: format.minute(confirmed.at),
            })}
            {confirmed.note !== null && ` · ${confirmed.note}`}
          </Text>
        )}
        {attaching.isError && <ProblemPanel error={attaching.error} />}
        {may('checklist:write') && (
          <Group gap="xs">
            <FileButton accept={FILE_TYPES} onChange={(file) => file && attaching.mutate(file)}>
              {(props) => (
                <Button
                  {...props}
                  size="xs"
                  variant="default"
                  loading={attaching.isPending}
                  leftSection={<IconUpload size={14} aria-hidden />}
                  aria-label={t('checklist.attach_to', { name })}
                >
                  {t('checklist.attach')}
                </Button>
              )}
            </FileButton>
            {confirmed === null ? (
              <Button
                size="xs"
                disabled={!item.files.some(({ withdrawn }) => withdrawn === null)}
                onClick={() => setAsking('confirm')}
                aria-label={t('checklist.confirm_item', { name })}
              >
                {t('checklist.confirm')}
              </Button>
            ) : (
              <Button size="xs" variant="default" onClick={() => setAsking('reopen')}>
                {t('checklist.reopen')}
              </Button>
            )}
          </Group>
        )}
      </Stack>
      {asking && (
        <Confirm
          title={t(`checklist.act_${asking}_title`)}
          thing={`${tenant.name} · ${name}`}
          confirm={t(`checklist.act_${asking}`)}
          words={
            asking === 'confirm'
              ? { field: 'note', label: t('checklist.note'), required: false }
              : { field: 'reason', label: t('common.reason'), required: true }
          }
          act={act}
          done={t(`checklist.act_${asking}_done`, { name })}
          onClose={() => setAsking(undefined)}
        />
      )}
    </Panel>
  );
}

/** Done by the tenant's own requests in test mode. */
function ConnectionTest({ test }: { test: Checklist['connection_test'] }) {
  const { t, format } = useReading();
  return (
    <Panel title={t('checklist.item_connection_test')} actions={<ItemState state={test.state} />}>
      {test.proofs.length === 0 ? (
        <Empty>{t('common.none')}</Empty>
      ) : (
        <Facts
          facts={test.proofs.map(({ shows, verification_id: id, recorded_at: at }) => [
            t(`checklist.proof_${shows}`),
            id === null ? (
              t('common.not_yet')
            ) : (
              <Link to="/verifications/$verificationId" params={{ verificationId: id }}>
                {format.minute(at)}
              </Link>
            ),
          ])}
        />
      )}
      <Text size="sm" c="dimmed" p="md" pt="xs">
        {t('checklist.about_connection_test')}
      </Text>
    </Panel>
  );
}
