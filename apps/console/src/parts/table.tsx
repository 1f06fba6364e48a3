import { Button, Group, Table } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconChevronRight, IconChevronsLeft } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useReading } from '../language';

export interface Column<Row> {
  /** Unique; also what the address says to sort by. */
  name: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** What rows are sorted by; only for lists that are here as a whole. */
  by?: (row: Row) => string | number;
  right?: boolean;
}

interface RowsProps<Row> {
  /** What the table is called for those who do not see it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** A column's name, with a minus before it for descending. */
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
}

/** A table; wide ones scroll inside. */
export function Rows<Row>({ label, columns, rows, keyOf, sort, onSort }: RowsProps<Row>) {
  const by = columns.find(({ name }) => name === sort?.replace(/^-/, ''))?.by;
  const sign = sort?.startsWith('-') ? -1 : 1;
  const shown = by ? [...rows].sort((one, other) => sign * compare(by(one), by(other))) : rows;
  return (
    <div className="scroll" role="group" aria-label={label} tabIndex={0}>
      <Table className="table" highlightOnHover miw={columns.length * 105}>
        <caption className="skip">{label}</caption>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Head key={column.name} column={column} sort={sort} onSort={onSort} />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((row) => (
            <Table.Tr key={keyOf(row)}>
              {columns.map(({ name, cell, right }) => (
                <Table.Td key={name} ta={right ? 'right' : undefined} className={right ? 'numbers' : undefined}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Head<Row>({ column, sort, onSort }: { column: Column<Row> } & Pick<RowsProps<Row>, 'sort' | 'onSort'>) {
  const { name, title, by, right } = column;
  const up = sort === name;
  const down = sort === `-${name}`;
  const next = up ? `-${name}` : down ? undefined : name;
  return (
    <Table.Th ta={right ? 'right' : undefined} aria-sort={up ? 'ascending' : down ? 'descending' : undefined}>
      {by && onSort ? (
        <button type="button" onClick={() => onSort(next)}>
          {title}
          {up && <IconArrowUp size={13} aria-hidden />}
          {down && <IconArrowDown size={13} aria-hidden />}
        </button>
      ) : (
        title
      )}
    </Table.Th>
  );
}

const compare = (one: string | number, other: string | number): number =>
  typeof one === 'number' && typeof other === 'number' ? one - other : String(one).localeCompare(String(other), 'ja');

/** Onward in a list that the server pages; back is the browser's. */
export function Pager({
  cursor,
  next,
  onCursor,
}: {
  cursor: string | undefined;
  next: string | null;
  onCursor: (cursor: string | undefined) => void;
}) {
  const { t } = useReading();
  if (cursor === undefined && next === null) return null;
  return (
    <Group justify="flex-end" gap="xs" p="sm">
      <Button
        variant="default"
        size="xs"
        disabled={cursor === undefined}
        leftSection={<IconChevronsLeft size={14} aria-hidden />}
        onClick={() => onCursor(undefined)}
      >
        {t('common.first_page')}
      </Button>
      <Button
        variant="default"
        size="xs"
        disabled={next === null}
        rightSection={<IconChevronRight size={14} aria-hidden />}
        onClick={() => onCursor(next ?? undefined)}
      >
        {t('common.next_page')}
      </Button>
    </Group>
  );
}
