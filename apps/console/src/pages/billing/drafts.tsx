import { Button, Checkbox, Group, Text, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import type { Mode } from '../../parts/mode-choice';
import { Paged } from '../../parts/paged';
import type { Column } from '../../parts/table';
import { useMay } from '../../session';
import { TenantName } from '../approvals/subject';
import { Finalize } from './finalize';

type Draft = Schemas['InvoiceDraft'];
/** Two people agree on so many at once. */
const MOST = 20;

interface DraftsProps {
  mode: Mode;
  month: string | undefined;
  cursor: string | undefined;
  onSearch: (search: { month?: string | undefined; cursor?: string | undefined }) => void;
}

/** Drafts, of which some are put before a second person together. */
export function Drafts({ mode, month, cursor, onSearch }: DraftsProps) {
  const { t, format } = useReading();
  const may = useMay();
  const [chosen, setChosen] = useState<readonly Draft[]>([]);
  const [proposing, setProposing] = useState(false);
  const query = { mode, month };
  const choose = (draft: Draft, on: boolean): void =>
    setChosen(on ? [...chosen, draft] : chosen.filter(({ id }) => id !== draft.id));
  const columns: Column<Draft>[] = [
    ...(may('invoices:propose')
      ? [
          {
            name: 'choose',
            title: '',
            cell: (draft: Draft) => {
              const isChosen = chosen.some(({ id }) => id === draft.id);
              return (
                <Checkbox
                  aria-label={t('invoices.choose', { name: draft.recipient.name })}
                  checked={isChosen}
                  disabled={!isChosen && chosen.length >= MOST}
                  onChange={(event) => choose(draft, event.currentTarget.checked)}
                />
              );
            },
          },
        ]
      : []),
    {
      name: 'id',
      title: t('invoices.draft_id'),
      cell: ({ id }) => (
        <Link to="/invoice-drafts/$draftId" params={{ draftId: id }} className="numbers">
          {shortId(id)}
        </Link>
      ),
      text: ({ id }) => id,
    },
    { name: 'month', title: t('invoices.month'), cell: (draft) => format.month(draft.month) },
    { name: 'recipient', title: t('invoices.recipient'), cell: ({ recipient: { name } }) => name },
    {
      name: 'tenant',
      title: t('tenants.tenant'),
      cell: ({ tenant_id: id }) => <TenantName id={id} />,
      text: ({ tenant_id: id }) => id,
    },
    {
      name: 'total',
      title: t('invoices.total'),
      right: true,
      cell: ({ totals }) => format.yen(totals.total_yen),
      text: ({ totals }) => totals.total_yen,
    },
    { name: 'due', title: t('invoices.due_on'), cell: ({ due_on: on }) => format.date(on) },
    { name: 'made', title: t('invoices.made_at'), cell: ({ made_at: at }) => format.minute(at) },
  ];
  const total = chosen.reduce((sum, { totals }) => sum + totals.total_yen, 0);
  return (
    <div className="panel">
      <Group p="sm" gap="xs" align="flex-end">
        <TextInput
          type="month"
          label={t('invoices.month')}
          value={month ?? ''}
          onChange={(event) => onSearch({ month: event.currentTarget.value || undefined })}
        />
      </Group>
      <Paged
        of={['invoice-drafts', query]}
        load={(from, limit) =>
          ask(() => client.GET('/v1/invoice-drafts', { params: { query: { ...query, cursor: from, limit } } }))
        }
        none={
          <>
            {t('invoices.no_drafts')} {t('invoices.no_drafts_way')}{' '}
            {month === undefined ? (
              <Link to="/months" search={{ mode }} className="within-words">
                {t('months.title')}
              </Link>
            ) : (
              <Link
                to="/months/$mode/$month"
                params={{ mode, month }}
                search={{ tab: 'invoices' }}
                className="within-words"
              >
                {format.month(month)} › {t('months.tab_invoices')}
              </Link>
            )}
          </>
        }
        above={(drafts) =>
          may('invoices:propose') && (
            <Group px="sm" pb="sm" justify="space-between">
              <Text size="sm">
                {chosen.length === 0
                  ? t('invoices.drafts_lead')
                  : t('invoices.chosen', { count: chosen.length, total: format.yen(total) })}
              </Text>
              <Group gap="xs">
                <Button size="xs" variant="subtle" onClick={() => setChosen(drafts.slice(0, MOST))}>
                  {t('invoices.choose_all')}
                </Button>
                <Button size="xs" disabled={chosen.length === 0} onClick={() => setProposing(true)}>
                  {t('invoices.finalize')}
                </Button>
              </Group>
            </Group>
          )
        }
        label={t('invoices.tab_drafts')}
        columns={columns}
        keyOf={({ id }) => id}
        cursor={cursor}
        onCursor={(to) => onSearch({ month, cursor: to })}
        file="invoice-drafts"
      />
      {proposing && <Finalize drafts={chosen} onProposed={() => setChosen([])} onClose={() => setProposing(false)} />}
    </div>
  );
}
