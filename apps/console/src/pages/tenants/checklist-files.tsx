import { Anchor, Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Copyable } from '../../parts/copy';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { useMay } from '../../session';

type ChecklistFile = Schemas['ChecklistFile'];

interface FilesProps {
  tenant: Schemas['TenantDetail'];
  files: readonly ChecklistFile[];
  label: string;
}

/** The papers of one item. A withdrawn one stays readable. */
export function ChecklistFiles({ tenant, files, label }: FilesProps) {
  const { t, format } = useReading();
  const may = useMay();
  const queries = useQueryClient();
  const [withdrawing, setWithdrawing] = useState<ChecklistFile>();
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
            <Button size="compact-xs" variant="default" onClick={() => setWithdrawing(file)}>
              {t('checklist.withdraw')}
            </Button>
          )
        ),
    },
  ];
  return (
    <>
      <Rows label={label} columns={columns} rows={files} keyOf={({ id }) => id} />
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
            await queries.invalidateQueries({ queryKey: ['tenant', tenant.id, 'checklist'] });
          }}
          done={t('checklist.withdraw_done', { name: withdrawing.name })}
          onClose={() => setWithdrawing(undefined)}
        />
      )}
    </>
  );
}
