import { Center, Code, Skeleton, Stack, Text } from '@mantine/core';
import { IconInbox, IconLock } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useReading } from '../language';
import { type Permission, useMay } from '../session';
import { ProblemPanel } from './problem';

/** What was asked for, or why it is not there. What is shown stays while it is asked for again. */
export function Loaded<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  const { t } = useReading();
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Stack gap="xs" role="status" aria-label={t('common.loading')}>
      <Skeleton height={36} />
      <Skeleton height={36} />
      <Skeleton height={36} width="70%" />
    </Stack>
  );
}

/** A list without rows. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <Center p="xl">
      <Stack align="center" gap="xs">
        <IconInbox size={28} stroke={1.4} aria-hidden opacity={0.6} />
        <Text c="dimmed" size="sm" ta="center">
          {children}
        </Text>
        {action}
      </Stack>
    </Center>
  );
}

/** What only some may see; the others are told what they lack. */
export function Allowed({ permission, children }: { permission: Permission; children: ReactNode }) {
  return useMay()(permission) ? children : <Denied permission={permission} />;
}

export function Denied({ permission }: { permission: Permission }) {
  const { t } = useReading();
  return (
    <Center className="panel" p="xl">
      <Stack align="center" gap={6}>
        <IconLock size={28} stroke={1.4} aria-hidden />
        <Text fw={650}>{t('common.denied')}</Text>
        <Text c="dimmed" size="sm" ta="center">
          {t('common.permission_needed')} <Code>{permission}</Code>
        </Text>
      </Stack>
    </Center>
  );
}
