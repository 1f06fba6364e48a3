import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import type { Mode } from '../../parts/mode-choice';
import { Paged } from '../../parts/paged';
import type { Column } from '../../parts/table';
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
    <Paged
      of={['statements', query]}
      load={(from, limit) =>
        ask(() => client.GET('/v1/statements', { params: { query: { ...query, cursor: from, limit } } }))
      }
      none={t('statements.none')}
      label={t('statements.title')}
      columns={columns}
      keyOf={({ id }) => id}
      cursor={cursor}
      onCursor={onCursor}
      file="statements"
    />
  );
}
