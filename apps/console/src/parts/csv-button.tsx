import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useReading } from '../language';
import { allOf, csvOf, MOST_ROWS, type PageOf, type TextColumn } from './csv';
import { keep } from './download';
import { ProblemPanel } from './problem';
import { useToast } from './toast';
import { Window } from './window';

interface CsvButtonProps<Row> {
  /** Of the file, without its ending. */
  name: string;
  /** What the list is called. */
  label: string;
  columns: readonly TextColumn<Row>[];
  /** A list that is here as a whole, */
  rows?: readonly Row[];
  /** or how a page of it is asked for. */
  load?: (cursor: string | undefined) => Promise<PageOf<Row>>;
}

/** Takes what the filter of a list lets through as a file for spreadsheets, in the reader's language. */
export function CsvButton<Row>({ name, label, columns, rows = [], load }: CsvButtonProps<Row>) {
  const { t, format } = useReading();
  const toast = useToast();
  const [count, setCount] = useState(0);
  const taking = useMutation({
    mutationFn: async () => {
      setCount(0);
      const found = load ? await allOf(load, setCount) : { rows, more: false };
      keep(new Blob([csvOf(columns, found.rows)], { type: 'text/csv;charset=utf-8' }), `${name}.csv`);
      return found.more;
    },
    onSuccess: (more) =>
      more ? toast(t('common.csv_cut', { count: format.number(MOST_ROWS) }), 'warning') : toast(t('common.downloaded')),
  });
  return (
    <>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconDownload size={14} aria-hidden />}
        disabled={taking.isPending}
        aria-label={`${t('common.csv')} ${label}`}
        onClick={() => taking.mutate()}
      >
        {taking.isPending && count > 0 ? t('common.csv_so_far', { count: format.number(count) }) : t('common.csv')}
      </Button>
      {taking.isError && (
        <Window title={t('common.download')} onClose={() => taking.reset()}>
          <ProblemPanel error={taking.error} />
        </Window>
      )}
    </>
  );
}
