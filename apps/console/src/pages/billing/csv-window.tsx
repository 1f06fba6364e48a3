import { Radio, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { useReading } from '../../language';
import { FormButtons } from '../../parts/form-buttons';
import { ProblemPanel } from '../../parts/problem';
import { useToast } from '../../parts/toast';
import { Window } from '../../parts/window';
import { oneOf } from '../../search';

const ENCODINGS = ['utf-8', 'cp932'] as const;
export type Encoding = (typeof ENCODINGS)[number];
/** In the names of texts. */
const NAMES = { 'utf-8': 'utf8', cp932: 'cp932' } as const;

interface CsvWindowProps {
  /** What is taken. */
  thing: string;
  take: (encoding: Encoding) => Promise<unknown>;
  onClose: () => void;
}

/** Takes a CSV in the encoding its reader needs; characters that it lacks are told. */
export function CsvWindow({ thing, take, onClose }: CsvWindowProps) {
  const { t } = useReading();
  const toast = useToast();
  const [encoding, setEncoding] = useState<Encoding>('utf-8');
  const taking = useMutation({
    mutationFn: () => take(encoding),
    onSuccess: () => {
      toast(t('invoices.csv_done'));
      onClose();
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    taking.mutate();
  };
  return (
    <Window onClose={onClose} title={t('invoices.csv')}>
      <form onSubmit={submit}>
        <Stack>
          <Text fw={650}>{thing}</Text>
          <Radio.Group
            label={t('invoices.encoding')}
            value={encoding}
            onChange={(value) => {
              setEncoding(oneOf(ENCODINGS, value) ?? 'utf-8');
              taking.reset();
            }}
          >
            <Stack gap={6} mt={6}>
              {ENCODINGS.map((each) => (
                <Radio
                  key={each}
                  value={each}
                  label={t(`invoices.encoding_${NAMES[each]}`)}
                  description={t(`invoices.encoding_${NAMES[each]}_hint`)}
                />
              ))}
            </Stack>
          </Radio.Group>
          {taking.isError && <ProblemPanel error={taking.error} />}
          <FormButtons submit={t('common.download')} pending={taking.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Window>
  );
}
