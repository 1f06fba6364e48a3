import { ActionIcon, Button, Group, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconMoon, IconSun } from '@tabler/icons-react';
import { useReading } from '../language';

/** Language and theme; both are remembered by this browser. */
export function Preferences() {
  const { t, language, setLanguage } = useReading();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  const next = language === 'ja' ? 'en' : 'ja';
  return (
    <Group gap={4} wrap="nowrap">
      <Button
        variant="subtle"
        color="gray"
        c="var(--mantine-color-text)"
        size="compact-sm"
        lang={next}
        onClick={() => setLanguage(next)}
      >
        {next === 'en' ? 'English' : '日本語'}
      </Button>
      <Tooltip position="right" label={t(other === 'dark' ? 'common.to_dark' : 'common.to_light')}>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="var(--mantine-color-text)"
          onClick={() => setColorScheme(other)}
          aria-label={t(other === 'dark' ? 'common.to_dark' : 'common.to_light')}
        >
          {scheme === 'dark' ? <IconSun size={17} /> : <IconMoon size={17} />}
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
