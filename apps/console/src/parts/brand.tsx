import { Group, Stack, Text } from '@mantine/core';
import icon from '../icon.svg';
import { useReading } from '../language';

/** Whose console this is. */
export function Brand() {
  const { t } = useReading();
  return (
    <Group gap={10} wrap="nowrap">
      <img src={icon} alt="" width={30} height={30} />
      <Stack gap={0}>
        <Text fw={700} lh={1.2}>
          Shomei
        </Text>
        <Text size="xs" c="dimmed" lh={1.3}>
          {t('common.console')}
        </Text>
      </Stack>
    </Group>
  );
}
