import { Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useReading } from '../language';

interface OnceProps {
  hint: string;
  secret: string;
  /** What the button says that ends it. */
  kept: string;
  onKept: () => void;
  /** What goes along with it. */
  children?: ReactNode;
}

/** A secret that is shown this once. */
export function Once({ hint, secret, kept, onKept, children }: OnceProps) {
  const { t } = useReading();
  return (
    <Stack>
      <Text size="sm">{hint}</Text>
      <div className="once">{secret}</div>
      {children}
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
