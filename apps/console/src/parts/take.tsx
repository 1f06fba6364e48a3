import { Button, type ButtonProps } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useReading } from '../language';
import { Window } from './window';
import { ProblemPanel } from './problem';
import { useToast } from './toast';

interface TakeProps {
  name: string;
  /** Told when it worked. */
  done: string;
  take: () => Promise<unknown>;
  size?: ButtonProps['size'];
}

/** A button that takes a file; why it was refused is told in a window. */
export function Take({ name, done, take, size = 'sm' }: TakeProps) {
  const { t } = useReading();
  const toast = useToast();
  const taking = useMutation({ mutationFn: take, onSuccess: () => toast(done) });
  return (
    <>
      <Button
        variant="default"
        size={size}
        leftSection={<IconDownload size={16} aria-hidden />}
        loading={taking.isPending}
        onClick={() => taking.mutate()}
      >
        {name}
      </Button>
      {taking.isError && (
        <Window title={t('common.download')} onClose={() => taking.reset()}>
          <ProblemPanel error={taking.error} />
        </Window>
      )}
    </>
  );
}
