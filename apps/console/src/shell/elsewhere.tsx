import { Button, Center, Stack, Text } from '@mantine/core';
import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { useReading } from '../language';
import { Page } from '../parts/page';
import { ProblemPanel } from '../parts/problem';

/** An address that no page has. */
export function NotFound() {
  const { t } = useReading();
  return (
    <Page title={t('common.no_page')}>
      <Center className="panel" p="xl">
        <Stack align="center" gap="sm">
          <Text size="sm">{t('common.no_page_why')}</Text>
          <Button component={Link} to="/" variant="default">
            {t('common.to_overview')}
          </Button>
        </Stack>
      </Center>
    </Page>
  );
}

/** A mistake of the console itself. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const { t } = useReading();
  return (
    <Page title={t('common.broken')}>
      <ProblemPanel error={error} onRetry={reset} />
    </Page>
  );
}
