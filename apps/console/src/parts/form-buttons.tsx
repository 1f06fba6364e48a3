import { Button, Group } from '@mantine/core';
import { useReading } from '../language';

interface FormButtonsProps {
  /** What sending it does. */
  submit: string;
  pending: boolean;
  disabled?: boolean;
  color?: string | undefined;
  onCancel: () => void;
}

/** The end of a form in a window: leave it, or send it. In sight however long the form is. */
export function FormButtons({ submit, pending, disabled = false, color, onCancel }: FormButtonsProps) {
  const { t } = useReading();
  return (
    <Group justify="flex-end" gap="xs" className="form-buttons">
      <Button variant="default" onClick={onCancel}>
        {t('common.cancel')}
      </Button>
      <Button type="submit" color={color} loading={pending} disabled={disabled}>
        {submit}
      </Button>
    </Group>
  );
}
