import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import { CsvButton } from '../../parts/csv-button';
import { Empty, Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { type Column, Pager, Rows } from '../../parts/table';
import { TenantName } from '../approvals/subject';

type Summary = Schemas['StatementSummary'];

interface StatementsListProps {
  query: { mode: Mode; month?: string | undefined; tenant_id?: string | undefined };
  cursor: string | undefined;
  onCursor: (cursor: string | undefined) => void;
}

/** Statements of a mode, newest month first. */
export function StatementsList({ query, cursor, onCursor }: StatementsListProps) {
  const { t, format } = useReading();
  const load = (from: string | undefined, limit: number) =>
    ask(() => client.GET('/v1/statements', { params: { query: { ...query, cursor: from, limit } } }));
  const found = useQuery({
    queryKey: ['statements', query, cursor],
    queryFn: () => load(cursor, 50),
    placeholderData: keepPreviousData,
  });
  const columns: Column<Summary>[] = [
    {
      name: 'id',
      title: t('statements.id'),
      cell: ({ id }) => (
        <Link to="/statements/$statementId" params={{ statementId: id }} className="numbers">
          {shortId(id)}
        </Link>
      ),
      text: ({ id }) => id,
    },
    { name: 'month', title: t('months.month'), cell: ({ month }) => format.month(month) },
    {
      name: 'tenant',
      title: t('tenants.tenant'),
      cell: ({ tenant_id: id }) => <TenantName id={id} />,
      text: ({ tenant_id: id }) => id,
    },
    {
      name: 'contract',
      title: t('statements.contract_yen'),
      right: true,
      cell: ({ contract_yen: yen }) => format.yen(yen),
      text: ({ contract_yen: yen }) => yen,
    },
    {
      name: 'jlis',
      title: t('statements.jlis_yen'),
      right: true,
      cell: ({ jlis_yen: yen }) => format.yen(yen),
      text: ({ jlis_yen: yen }) => yen,
    },
    {
      name: 'billed',
      title: t('statements.billed_yen'),
      right: true,
      cell: ({ billed_yen: yen }) => format.yen(yen),
      text: ({ billed_yen: yen }) => yen,
    },
    { name: 'written', title: t('statements.written_at'), cell: ({ written_at: at }) => format.minute(at) },
  ];
  return (
    <Loaded query={found}>
      {({ data, next_cursor: next }) =>
        data.length === 0 ? (
          <Empty>{t('statements.none')}</Empty>
        ) : (
          <>
            <Rows label={t('statements.title')} columns={columns} rows={data} keyOf={({ id }) => id} />
            <Pager
              cursor={cursor}
              next={next}
              onCursor={onCursor}
              csv={
                <CsvButton
                  name="statements"
                  label={t('statements.title')}
                  columns={columns}
                  load={(from) => load(from, 100)}
                />
              }
            />
          </>
        )
      }
    </Loaded>
  );
}
