import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { ask, client } from '../../api';
import { useReading } from '../../language';
import { download } from '../../parts/download';
import type { Mode } from '../../parts/mode-choice';
import { Paged } from '../../parts/paged';
import { oneOf } from '../../search';
import { CsvWindow } from './csv-window';
import { useInvoiceColumns } from './invoice-columns';
import { InvoiceFilter, STATES } from './invoice-filter';
import type { InvoiceSearch } from './invoice-search';

const SORTS = ['issued_on', '-issued_on', 'total_yen', '-total_yen'] as const;

interface IssuedProps {
  mode: Mode;
  search: InvoiceSearch & { sort?: string; cursor?: string };
  onSearch: (search: InvoiceSearch & { sort?: string | undefined; cursor?: string | undefined }) => void;
}

/** As the server takes it; what is no number is refused there, at its field. */
const queryOf = (mode: Mode, search: InvoiceSearch) => ({
  mode,
  month: search.month,
  number: search.number,
  state: oneOf(STATES, search.state),
  tenant_id: search.tenant_id,
  counterparty: search.counterparty,
  issued_from: search.issued_from,
  issued_to: search.issued_to,
  amount_min: search.amount_min === undefined ? undefined : Number(search.amount_min),
  amount_max: search.amount_max === undefined ? undefined : Number(search.amount_max),
});

/** Invoices by day, amount and counterparty, with ranges, as the law on electronic books asks. */
export function Issued({ mode, search, onSearch }: IssuedProps) {
  const { t } = useReading();
  const [taking, setTaking] = useState(false);
  const { sort: asked, cursor, ...rest } = search;
  const sort = oneOf(SORTS, asked) ?? '-issued_on';
  const query = queryOf(mode, rest);
  const columns = useInvoiceColumns({ withTenant: true });
  return (
    <div className="panel">
      <InvoiceFilter key={JSON.stringify(rest)} search={rest} onSearch={onSearch} />
      <Paged
        of={['invoices', query, sort]}
        load={(from, limit) =>
          ask(() => client.GET('/v1/invoices', { params: { query: { ...query, sort, cursor: from, limit } } }))
        }
        none={t('invoices.none')}
        label={t('invoices.title')}
        columns={columns}
        keyOf={({ id }) => id}
        sorts={SORTS}
        sort={sort}
        onSort={(to) => onSearch({ ...rest, sort: to })}
        cursor={cursor}
        onCursor={(to) => onSearch({ ...rest, sort: asked, cursor: to })}
        file={{
          button: (
            <Button
              variant="default"
              size="xs"
              leftSection={<IconDownload size={14} aria-hidden />}
              onClick={() => setTaking(true)}
            >
              {t('invoices.csv_of_found')}
            </Button>
          ),
        }}
      />
      {taking && (
        <CsvWindow
          thing={t('invoices.csv_thing')}
          take={(encoding) =>
            download(
              () => client.GET('/v1/invoices.csv', { params: { query: { ...query, encoding } }, parseAs: 'blob' }),
              'invoices.csv',
            )
          }
          onClose={() => setTaking(false)}
        />
      )}
    </div>
  );
}
