import { Group, Table, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconFilter } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useReading } from '../language';
import { CsvButton } from './csv-button';
import { plainText, type TextColumn } from './csv';
import { found } from './find';
import { Empty } from './loaded';

export interface Column<Row> extends TextColumn<Row> {
  cell: (row: Row) => ReactNode;
  right?: boolean;
  /** Stays in sight at the end of a table that scrolls. */
  fixed?: boolean;
}

export interface RowsProps<Row> {
  /** What the table is called for those who do not see it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** The list is here as a whole: each of its columns sorts it, and it is taken as a file of this name. */
  whole?: string;
  /** It may be narrowed by words. */
  findable?: boolean;
  /** Names of the columns by which the server sorts; a list that is here as a whole is sorted by any. */
  sorts?: readonly string[];
  /** A column's name, with a minus before it for descending; where the address keeps it. */
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
}

/** A table; wide ones scroll inside. */
export function Rows<Row>(props: RowsProps<Row>) {
  const { label, columns, rows, keyOf, whole, findable = false, sorts, sort, onSort } = props;
  const { t } = useReading();
  const [typed, setTyped] = useState('');
  const [ownSort, setOwnSort] = useState<string>();
  const sorted = onSort ? sort : ownSort;
  const by = whole === undefined ? undefined : columns.find(({ name }) => name === sorted?.replace(/^-/, ''));
  const sign = sorted?.startsWith('-') ? -1 : 1;
  const fit = found(columns, rows, typed);
  const shown = by ? [...fit].sort((one, other) => sign * compare(plainText(by, one), plainText(by, other))) : fit;
  const sortable = (column: Column<Row>): boolean =>
    whole === undefined
      ? sorts !== undefined && sorts.includes(column.name)
      : rows.some((row) => plainText(column, row) !== undefined);
  return (
    <>
      {findable && (
        <Group p="xs">
          <TextInput
            size="xs"
            w={260}
            aria-label={`${label} ${t('common.narrow')}`}
            placeholder={t('common.narrow')}
            leftSection={<IconFilter size={14} aria-hidden />}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </Group>
      )}
      <div className="scroll" role="group" aria-label={label} tabIndex={0}>
        <Table className="table" highlightOnHover miw={columns.length * 105}>
          <caption className="skip">{label}</caption>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Head
                  key={column.name}
                  column={column}
                  sort={sorted}
                  unsorted={whole !== undefined}
                  onSort={sortable(column) ? (onSort ?? setOwnSort) : undefined}
                />
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((row) => (
              <Table.Tr key={keyOf(row)}>
                {columns.map(({ name, cell, right, fixed }) => (
                  <Table.Td
                    key={name}
                    ta={right ? 'right' : undefined}
                    className={right ? 'numbers' : fixed ? 'fixed' : undefined}
                  >
                    {cell(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {shown.length < rows.length && shown.length === 0 && <Empty>{t('common.nothing_found')}</Empty>}
      {whole !== undefined && (
        <Group p="xs" className="table-end">
          <CsvButton name={whole} label={label} columns={columns} rows={shown} />
        </Group>
      )}
    </>
  );
}

interface HeadProps<Row> {
  column: Column<Row>;
  sort: string | undefined;
  /** There is an order without any: the third press leads back to it. */
  unsorted: boolean;
  onSort: ((sort: string | undefined) => void) | undefined;
}

function Head<Row>({ column: { name, title, right, fixed }, sort, unsorted, onSort }: HeadProps<Row>) {
  const up = sort === name;
  const down = sort === `-${name}`;
  const next = up ? `-${name}` : down && unsorted ? undefined : name;
  return (
    <Table.Th
      ta={right ? 'right' : undefined}
      className={fixed ? 'fixed' : undefined}
      aria-sort={up ? 'ascending' : down ? 'descending' : undefined}
    >
      {onSort ? (
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

type Plain = string | number | null | undefined;

/** Numbers by size, words as Japanese sorts them, nothing first. */
function compare(one: Plain, other: Plain): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return String(one ?? '').localeCompare(String(other ?? ''), 'ja');
}
