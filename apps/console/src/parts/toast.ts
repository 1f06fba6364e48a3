import { notifications } from '@mantine/notifications';
import { useReading } from '../language';

/** Says that something worked, or what to look at besides; gone by itself, unless it has to be read. */
export function useToast(): (message: string, kind?: 'done' | 'warning') => void {
  const { t } = useReading();
  return (message, kind = 'done') =>
    notifications.show({
      message,
      color: kind === 'done' ? 'green' : 'yellow',
      autoClose: kind === 'done' ? 6_000 : false,
      closeButtonProps: { 'aria-label': t('common.close') },
    });
}
