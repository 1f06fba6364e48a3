import { Button, Group, Menu, Stack, Text } from '@mantine/core';
import { IconKey, IconLogout, IconSelector } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { askOnce, client } from '../api';
import { useReading } from '../language';
import { Preferences } from '../parts/preferences';
import { useSession } from '../session';
import { sessionStore } from '../session-store';

/** Who is signed in, and how to leave. */
export function Operator({ onGo }: { onGo: () => void }) {
  const { t, format } = useReading();
  const { operator } = useSession();
  const queries = useQueryClient();
  const leaving = useMutation({
    mutationFn: () => askOnce(() => client.DELETE('/v1/session')),
    // Whatever the server says: this browser shows nothing any more.
    onSettled: () => {
      queries.clear();
      sessionStore.close();
    },
  });
  const roles = operator.roles.map((role) => t(`operators.role_${role}`));
  return (
    <Stack gap={6}>
      <Menu position="top-start" width={210}>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            c="var(--mantine-color-text)"
            h="auto"
            py={6}
            px={10}
            fullWidth
            justify="space-between"
            rightSection={<IconSelector size={15} aria-hidden />}
          >
            <Stack gap={0} align="flex-start">
              <Text size="sm" fw={600}>
                {operator.name}
              </Text>
              <Text size="xs" c="dimmed">
                {roles.length > 0 ? format.list(roles) : t('operators.no_roles')}
              </Text>
            </Stack>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to="/account" leftSection={<IconKey size={15} aria-hidden />} onClick={onGo}>
            {t('account.title')}
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={15} aria-hidden />} onClick={() => leaving.mutate()}>
            {t('session.sign_out')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Group px={2}>
        <Preferences />
      </Group>
    </Stack>
  );
}
