import { ActionIcon, Code, CopyButton, Group, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useReading } from '../language';

/** Something that is pasted elsewhere: an id, a fingerprint. */
export function Copyable({ text, shown = text }: { text: string; shown?: string }) {
  const { t } = useReading();
  return (
    <Group gap={4} wrap="nowrap" component="span" display="inline-flex">
      <Code style={shown === text ? { overflowWrap: 'anywhere' } : { whiteSpace: 'nowrap' }} title={text}>
        {shown}
      </Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={t(copied ? 'common.copied' : 'common.copy')}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              onClick={copy}
              aria-label={t('common.copy_thing', { thing: text })}
            >
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}

/** An id short enough for a table, whole when copied. */
export const shortId = (id: string): string => (id.length > 20 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id);
