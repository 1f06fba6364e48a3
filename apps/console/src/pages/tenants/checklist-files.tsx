import { Anchor, Button, FileButton, Group, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Copyable } from '../../parts/copy';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { useMay } from '../../session';
import { attachFile, checklistKey, FILE_TYPES } from './checklist-upload';

type ChecklistFile = Schemas['ChecklistFile'];

interface FilesProps {
  tenant: Schemas['TenantDetail'];
  item: Schemas['Checklist']['items'][number]['item'];
  files: readonly ChecklistFile[];
  label: string;
}

/** The papers of one item. A withdrawn one stays readable. */
export function ChecklistFiles({ tenant, item, files, label }: FilesProps) {
  const { t, format } = useReading();
  const may = useMay();
  const queries = useQueryClient();
  const [withdrawing, setWithdrawing] = useState<ChecklistFile>();
  const [replacing, setReplacing] = useState<{ file: ChecklistFile; next: File }>();
  const forget = () => queries.invalidateQueries({ queryKey: checklistKey(tenant.id) });
  const columns: Column<ChecklistFile>[] = [
    {
      name: 'name',
      title: t('checklist.file'),
      cell: ({ id, name }) => (
        <Anchor size="sm" href={`/v1/tenants/${tenant.id}/checklist/files/${id}`} download={name}>
          {name}
        </Anchor>
      ),
    },
    {
      name: 'size',
      title: t('checklist.size'),
      right: true,
      cell: ({ size }) => `${format.number(Math.ceil(size / 1000))} kB`,
    },
    {
      name: 'sha256',
      title: 'SHA-256',
      cell: ({ sha256 }) => <Copyable text={sha256} shown={`${sha256.slice(0, 12)}…`} />,
    },
    {
      name: 'by',
      title: t('checklist.uploaded'),
      cell: ({ uploaded_by: by, uploaded_at: at }) => `${by.name ?? by.id} · ${format.minute(at)}`,
    },
    {
      name: 'state',
      title: t('checklist.file_state'),
      cell: (file) =>
        file.withdrawn !== null ? (
          <span title={file.withdrawn.reason}>
            <State tone="calm">{t('checklist.withdrawn')}</State>
          </span>
        ) : (
          may('checklist:write') && (
            <Group gap={6} wrap="nowrap">
              <FileButton accept={FILE_TYPES} onChange={(next) => next && setReplacing({ file, next })}>
                {(props) => (
                  <Button
                    {...props}
                    size="compact-xs"
                    variant="default"
                    aria-label={t('checklist.replace_file', { name: file.name })}
                  >
                    {t('checklist.replace')}
                  </Button>
                )}
              </FileButton>
              <Button
                size="compact-xs"
                variant="default"
                aria-label={t('checklist.withdraw_file', { name: file.name })}
                onClick={() => setWithdrawing(file)}
              >
                {t('checklist.withdraw')}
              </Button>
            </Group>
          )
        ),
    },
  ];
  return (
    <>
      <Rows label={label} columns={columns} rows={files} keyOf={({ id }) => id} />
      {replacing && (
        <Confirm
          title={t('checklist.replace')}
          thing={`${replacing.file.name} → ${replacing.next.name}`}
          confirm={t('checklist.replace')}
          words={{ field: 'reason', label: t('common.reason'), required: false }}
          act={async (reason) => {
            const { file, next } = replacing;
            await attachFile({ id: tenant.id, item }, next, {
              replaces: file.id,
              ...(reason === '' ? {} : { reason }),
            });
            await forget();
          }}
          done={t('checklist.replace_done', { name: replacing.file.name })}
          onClose={() => setReplacing(undefined)}
        >
          <Text size="sm">{t('checklist.replace_effect')}</Text>
        </Confirm>
      )}
      {withdrawing && (
        <Confirm
          title={t('checklist.withdraw')}
          thing={withdrawing.name}
          confirm={t('checklist.withdraw')}
          danger
          words={{ field: 'reason', label: t('common.reason'), required: true }}
          act={async (reason) => {
            await ask(() =>
              client.POST('/v1/tenants/{id}/checklist/files/{file}/withdraw', {
                params: { path: { id: tenant.id, file: withdrawing.id } },
                body: { reason },
              }),
            );
            await forget();
          }}
          done={t('checklist.withdraw_done', { name: withdrawing.name })}
          onClose={() => setWithdrawing(undefined)}
        />
      )}
    </>
  );
}
