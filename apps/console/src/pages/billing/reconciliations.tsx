import { Button, FileButton, Group, Stack, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Actor } from '../../parts/actor';
import { Confirm } from '../../parts/confirm';
import { Copyable, shortId } from '../../parts/copy';
import { Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { ProblemPanel } from '../../parts/problem';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { useToast } from '../../parts/toast';
import { useMay } from '../../session';
import { isTextKey } from '../../texts';
import { TenantName } from '../approvals/subject';

type MonthClose = Schemas['MonthClose'];
type Reconciliation = Schemas['Reconciliation'];

/** Bills of J-LIS against what was metered in a month. */
export function Reconciliations({ close: { mode, month, state } }: { close: MonthClose }) {
  const { t } = useReading();
  const may = useMay();
  const path = { mode, month };
  const found = useQuery({
    queryKey: ['reconciliations', mode, month],
    queryFn: () => ask(() => client.GET('/v1/month-closes/{mode}/{month}/reconciliations', { params: { path } })),
  });
  return (
    <Stack>
      {state === 'closed' && may('months:close') && <Import mode={mode} month={month} />}
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <div className="panel">
              <Empty>{t('months.no_imports')}</Empty>
            </div>
          ) : (
            data.map((each) => <Compared key={each.id} of={each} />)
          )
        }
      </Loaded>
    </Stack>
  );
}

function Import({ mode, month }: Pick<MonthClose, 'mode' | 'month'>) {
  const { t, format } = useReading();
  const toast = useToast();
  const queries = useQueryClient();
  const importing = useMutation({
    mutationFn: async (file: File) => {
      const body = { file: await file.text() };
      const params = { path: { mode, month } };
      return ask(() => client.POST('/v1/month-closes/{mode}/{month}/reconciliations', { params, body }));
    },
    onSuccess: async ({ differences }) => {
      toast(
        differences === 0 ? t('months.import_done') : t('months.import_differs', { count: format.number(differences) }),
      );
      await queries.invalidateQueries({ queryKey: ['reconciliations', mode, month] });
      await queries.invalidateQueries({ queryKey: ['month-closes'] });
    },
  });
  return (
    <Panel title={t('months.import')} padded>
      <Group justify="space-between" gap="md" wrap="nowrap" align="flex-start">
        <Text size="sm">{t('months.import_lead')}</Text>
        <FileButton accept=".csv,text/csv" onChange={(file) => file && importing.mutate(file)}>
          {(props) => (
            <Button
              {...props}
              variant="default"
              style={{ flexShrink: 0 }}
              leftSection={<IconUpload size={16} aria-hidden />}
              loading={importing.isPending}
            >
              {t('common.choose_file')}
            </Button>
          )}
        </FileButton>
      </Group>
      {importing.isError && <ProblemPanel error={importing.error} />}
    </Panel>
  );
}

function Compared({ of }: { of: Reconciliation }) {
  const { t, format } = useReading();
  const may = useMay();
  const [explaining, setExplaining] = useState(false);
  const isOpen = of.differences > 0 && of.explanation === null;
  const columns: Column<Reconciliation['rows'][number]>[] = [
    { name: 'service', title: t('months.service'), cell: ({ service_id: id }) => <TenantName id={id} /> },
    { name: 'item', title: t('months.item'), cell: ({ item }) => t(`months.item_${item}`) },
    { name: 'ours', title: t('months.ours'), right: true, cell: ({ ours }) => format.number(ours) },
    { name: 'theirs', title: t('months.theirs'), right: true, cell: ({ theirs }) => format.number(theirs) },
    {
      name: 'difference',
      title: t('months.difference'),
      right: true,
      cell: ({ difference }) => (
        <span className={difference === 0 ? undefined : 'tone-bad'}>
          {difference > 0 ? '+' : ''}
          {format.number(difference)}
        </span>
      ),
    },
  ];
  const meterText = (meter: string): string => {
    const key = `prices.meter_${meter}`;
    return isTextKey(key) ? t(key) : meter;
  };
  return (
    <Panel
      title={t('months.imported', { at: format.minute(of.made_at) })}
      actions={
        <>
          {of.differences === 0 ? (
            <State tone="good">{t('months.agrees')}</State>
          ) : (
            <State tone={isOpen ? 'bad' : 'warn'}>{t('months.differences', { count: of.differences })}</State>
          )}
          {isOpen && may('months:close') && (
            <Button size="xs" onClick={() => setExplaining(true)}>
              {t('months.explain')}
            </Button>
          )}
        </>
      }
    >
      {of.rows.length === 0 ? (
        <Empty>{t('months.nothing_counted')}</Empty>
      ) : (
        <Rows
          label={t('months.tab_reconciliation')}
          columns={columns}
          rows={of.rows}
          keyOf={({ service_id: id, item }) => `${id} ${item}`}
        />
      )}
      <Stack gap={4} p="md">
        {of.explanation !== null && (
          <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
            <b>{t('months.explained')}</b> {of.explanation}
          </Text>
        )}
        {of.self_reported.length > 0 && (
          <Text size="sm" c="dimmed">
            {t('months.self_reported', {
              items: format.list(
                of.self_reported.map(({ item, events }) =>
                  t('months.self_reported_item', { meter: meterText(item), events: format.number(events) }),
                ),
              ),
            })}
          </Text>
        )}
        <Group gap="xs" fz="sm" c="dimmed">
          <Actor name={of.made_by} />
          <span>SHA-256</span>
          <Copyable text={of.file_sha256} shown={shortId(of.file_sha256)} />
        </Group>
      </Stack>
      {explaining && <Explain of={of} onClose={() => setExplaining(false)} />}
    </Panel>
  );
}

function Explain({ of, onClose }: { of: Reconciliation; onClose: () => void }) {
  const { t, format } = useReading();
  const queries = useQueryClient();
  return (
    <Confirm
      title={t('months.explain')}
      thing={t('months.explain_thing', { month: format.month(of.month), count: of.differences })}
      confirm={t('months.explain')}
      words={{ field: 'explanation', label: t('common.reason'), required: true }}
      act={async (explanation) => {
        const params = { path: { id: of.id } };
        await ask(() =>
          client.POST('/v1/month-closes/reconciliations/{id}/explanation', { params, body: { explanation } }),
        );
        await queries.invalidateQueries({ queryKey: ['reconciliations', of.mode, of.month] });
        await queries.invalidateQueries({ queryKey: ['month-closes'] });
      }}
      done={t('months.explain_done')}
      onClose={onClose}
    >
      <Text size="sm">{t('months.explain_effect')}</Text>
    </Confirm>
  );
}
