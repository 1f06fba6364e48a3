import { Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { useReading } from '../language';

interface OnceProps {
  hint: string;
  secret: string;
  /** What the button says that ends it. */
  kept: string;
  onKept: () => void;
}

/** A secret that is shown this once. */
export function Once({ hint, secret, kept, onKept }: OnceProps) {
  const { t } = useReading();
  return (
    <Stack>
      <Text size="sm">{hint}</Text>
      <div className="once">{secret}</div>
      <Group justify="space-between">
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {t(copied ? 'common.copied' : 'common.copy')}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onKept}>{kept}</Button>
      </Group>
    </Stack>
  );
}
