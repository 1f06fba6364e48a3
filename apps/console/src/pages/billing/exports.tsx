import { Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable, shortId } from '../../parts/copy';
import { download } from '../../parts/download';
import { Empty, Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { type Column, Rows } from '../../parts/table';
import { CsvWindow } from './csv-window';

type Export = Schemas['InvoiceExport'];

/** What the worker has made of each month's invoices of all service providers. */
export function Exports({ mode }: { mode: Mode }) {
  const { t, format } = useReading();
  const [taken, setTaken] = useState<Export>();
  const found = useQuery({
    queryKey: ['invoice-exports', mode],
    queryFn: () => ask(() => client.GET('/v1/invoice-exports', { params: { query: { mode } } })),
  });
  const named = ({ month, version }: Export) => ({ month: format.month(month), version });
  const columns: Column<Export>[] = [
    { name: 'month', title: t('invoices.month'), cell: ({ month }) => format.month(month) },
    { name: 'version', title: t('invoices.version'), right: true, cell: ({ version }) => version },
    {
      name: 'count',
      title: t('invoices.count'),
      right: true,
      cell: ({ invoices }) => format.number(invoices),
      text: ({ invoices }) => invoices,
    },
    {
      name: 'total',
      title: t('invoices.total'),
      right: true,
      cell: ({ total_yen: yen }) => format.yen(yen),
      text: ({ total_yen: yen }) => yen,
    },
    { name: 'made', title: t('invoices.made_at'), cell: ({ made_at: at }) => format.minute(at) },
    {
      name: 'sha256',
      title: t('invoices.file_sha256'),
      cell: ({ sha256 }) => <Copyable text={sha256} shown={shortId(sha256)} />,
      text: ({ sha256 }) => sha256,
    },
    {
      name: 'file',
      title: t('invoices.files'),
      cell: (each) => (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={t('invoices.csv_of', named(each))}
          onClick={() => setTaken(each)}
        >
          {t('invoices.file_csv')}
        </Button>
      ),
    },
  ];
  return (
    <div className="panel">
      <Text size="sm" p="md">
        {t('invoices.exports_lead')}
      </Text>
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty>{t('invoices.no_exports')}</Empty>
          ) : (
            <Rows
              label={t('invoices.tab_exports')}
              columns={columns}
              rows={data}
              keyOf={({ month, version }) => `${month} ${version}`}
              whole="invoice-exports"
            />
          )
        }
      </Loaded>
      {taken && (
        <CsvWindow
          thing={t('invoices.csv_export_thing', named(taken))}
          take={(encoding) => {
            const { month, version } = taken;
            return download(
              () =>
                client.GET('/v1/invoice-exports/{mode}/{month}/{version}.csv', {
                  params: { path: { mode, month, version }, query: { encoding } },
                  parseAs: 'blob',
                }),
              `invoices-${mode}-${month}-${version}.csv`,
            );
          }}
          onClose={() => setTaken(undefined)}
        />
      )}
    </div>
  );
}
