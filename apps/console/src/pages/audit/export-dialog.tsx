import { NativeSelect, Radio, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { client } from '../../api';
import { useReading } from '../../language';
import { FormButtons } from '../../parts/form-buttons';
import { download } from '../../parts/download';
import { fieldError, ProblemPanel } from '../../parts/problem';
import { useToast } from '../../parts/toast';
import { oneOf } from '../../search';
import type { AuditFilter } from './audit-trail';
import { Window } from '../../parts/window';

const FORMATS = ['jsonl', 'csv'] as const;
const MODES = ['live', 'test'] as const;
const FIELDS = ['from', 'to', 'tenant_id', 'mode'];

/** Takes sealed events away: as the chain for an offline check, or as a table for reading. */
export function ExportDialog({ filter, onClose }: { filter: AuditFilter; onClose: () => void }) {
  const { t, language } = useReading();
  const toast = useToast();
  const [format, setFormat] = useState<(typeof FORMATS)[number]>('jsonl');
  const [form, setForm] = useState({ from: '', to: '', tenant_id: filter.tenant_id ?? '', mode: '' });
  const { actor, action, target, request_id } = filter;
  const narrowed = [actor, action, target, request_id].some((each) => each !== undefined);
  const exporting = useMutation({
    mutationFn: async () => {
      const range = {
        from: form.from || undefined,
        to: form.to || undefined,
        tenant_id: form.tenant_id.trim() || undefined,
        mode: oneOf(MODES, form.mode),
      };
      await (format === 'jsonl'
        ? download(
            () => client.GET('/v1/audit-events.jsonl', { params: { query: range }, parseAs: 'blob' }),
            'audit.jsonl',
          )
        : download(
            () =>
              client.GET('/v1/audit-events.csv', {
                params: { query: { ...range, actor, action, target, request_id } },
                parseAs: 'blob',
              }),
            'audit.csv',
          ));
    },
    onSuccess: () => {
      toast(t('audit.export_done'));
      onClose();
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    exporting.mutate();
  };
  const bind = (field: keyof typeof form) => ({
    value: form[field],
    error: fieldError(exporting.error, field, language),
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [field]: event.currentTarget.value }),
  });
  return (
    <Window onClose={onClose} title={t('audit.export')}>
      <form onSubmit={submit}>
        <Stack>
          <Radio.Group
            label={t('audit.export_format')}
            value={format}
            onChange={(value) => setFormat(oneOf(FORMATS, value) ?? 'jsonl')}
          >
            <Stack gap={6} mt={6}>
              {FORMATS.map((each) => (
                <Radio
                  key={each}
                  value={each}
                  label={t(`audit.export_${each}`)}
                  description={t(`audit.export_${each}_hint`)}
                />
              ))}
            </Stack>
          </Radio.Group>
          {format === 'csv' && narrowed && <Text size="sm">{t('audit.export_narrowed')}</Text>}
          <SimpleGrid cols={2} spacing="xs">
            <TextInput type="date" label={t('chain.from')} {...bind('from')} />
            <TextInput type="date" label={t('chain.to')} {...bind('to')} />
          </SimpleGrid>
          <TextInput
            label={t('audit.export_tenant')}
            placeholder="ten_…"
            maxLength={64}
            autoComplete="off"
            {...bind('tenant_id')}
          />
          <NativeSelect
            label={t('common.mode')}
            disabled={form.tenant_id.trim() === ''}
            data={[
              { value: '', label: t('common.all') },
              ...MODES.map((each) => ({ value: each, label: t(`common.mode_${each}`) })),
            ]}
            {...bind('mode')}
          />
          {exporting.isError && <ProblemPanel error={exporting.error} shown={(field) => FIELDS.includes(field)} />}
          <FormButtons submit={t('common.download')} pending={exporting.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Window>
  );
}
