import { Button, Group } from '@mantine/core';
import { IconChevronRight, IconChevronsLeft } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useReading } from '../language';
import type { PageOf } from './csv';
import { CsvButton } from './csv-button';
import { Empty, Loaded } from './loaded';
import { Rows, type RowsProps } from './table';

/** What a page shows; and what a file asks for at once. */
const [SHOWN, AT_ONCE] = [50, 100];

interface PagedProps<Row> extends Pick<RowsProps<Row>, 'label' | 'columns' | 'keyOf' | 'sorts' | 'sort' | 'onSort'> {
  /** What the list is kept under: its name, and whatever it is narrowed and sorted by. */
  of: readonly unknown[];
  /** How a page of it is asked for. */
  load: (cursor: string | undefined, limit: number) => Promise<PageOf<Row>>;
  /** What is said when there is nothing. */
  none: ReactNode;
  /** Where the page begins; the address or the window keeps it. */
  cursor: string | undefined;
  onCursor: (cursor: string | undefined) => void;
  /** How all of what the filter lets through is taken: as a file of this name, or by a button of the list's own. */
  file?: string | { button: ReactNode };
  /** What stands above the rows where there are any. */
  above?: (rows: readonly Row[]) => ReactNode;
  /** How many of a file are asked for at once, where it is more than usual. */
  atOnce?: number;
}

/** A list that the server pages: its rows, the way onward, and all of it as a file. */
export function Paged<Row>(props: PagedProps<Row>) {
  const { of, load, none, cursor, onCursor, file, above, atOnce = AT_ONCE, ...rows } = props;
  const { label, columns } = rows;
  const found = useQuery({
    queryKey: [...of, cursor],
    queryFn: () => load(cursor, SHOWN),
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={found}>
      {({ data, next_cursor: next }) =>
        data.length === 0 ? (
          <Empty>{none}</Empty>
        ) : (
          // One thing of a window, which sets its things apart. Busy: still the rows of what was asked before.
          <div aria-busy={found.isPlaceholderData}>
            {above?.(data)}
            <Rows rows={data} {...rows} />
            <End cursor={cursor} next={next} onCursor={onCursor}>
              {typeof file === 'string' ? (
                <CsvButton name={file} label={label} columns={columns} load={(from) => load(from, atOnce)} />
              ) : (
                file?.button
              )}
            </End>
          </div>
        )
      }
    </Loaded>
  );
}

interface EndProps extends Pick<PagedProps<never>, 'cursor' | 'onCursor'> {
  next: string | null;
  /** How it is taken as a file. */
  children: ReactNode;
}

/** Below the rows: onward, and to the beginning. Back is the browser's. */
function End({ cursor, next, onCursor, children }: EndProps) {
  const { t } = useReading();
  const isPaged = cursor !== undefined || next !== null;
  if (!isPaged && children === undefined) return null;
  return (
    <Group justify="space-between" gap="xs" p="xs" className="table-end">
      {children ?? <span />}
      {isPaged && (
        <Group gap="xs">
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
      )}
    </Group>
  );
}
