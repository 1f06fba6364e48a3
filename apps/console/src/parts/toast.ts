import { notifications } from '@mantine/notifications';
import { useReading } from '../language';

/** Says that something worked, or what to look at besides; gone by itself unless it has to be read, and when it is pressed. */
export function useToast(): (message: string, kind?: 'done' | 'warning') => void {
  const { t } = useReading();
  return (message, kind = 'done') => {
    const id = notifications.show({
      message,
      color: kind === 'done' ? 'green' : 'yellow',
      autoClose: kind === 'done' ? 5_000 : false,
      onClick: () => notifications.hide(id),
      closeButtonProps: { 'aria-label': t('common.close') },
    });
  };
}
