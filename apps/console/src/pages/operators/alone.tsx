import { Alert, Stack, Text } from '@mantine/core';
import { IconUserExclamation } from '@tabler/icons-react';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';

type Operator = Schemas['Operator'];
const COMMAND =
  "npm run --silent operator -- operator create --email hanako@example.com --name '山田 花子' --role admin";

/** Who can approve the roles of another. */
export const approversOf = (people: readonly Operator[]): Operator[] =>
  people.filter(({ roles, disabled_at: at }) => at === null && roles.includes('admin'));

/** With one person who may approve nothing that needs two can be done, and no role given: says so, and the way out. */
export function Alone({ people }: { people: readonly Operator[] }) {
  const { t } = useReading();
  // Accounts that are disabled count too: the command is for the beginning only.
  const withRoles = people.filter(({ roles }) => roles.length > 0);
  return (
    <Alert
      color="yellow"
      icon={<IconUserExclamation />}
      title={t('operators.alone')}
      role="note"
      styles={{ title: { color: 'var(--console-warn)' } }}
    >
      <Stack gap={8} c="var(--mantine-color-text)">
        <Text size="sm">{t('operators.alone_why')}</Text>
        {withRoles.length < 2 ? (
          <>
            <Text size="sm">{t('operators.alone_command')}</Text>
            <Copyable text={COMMAND} />
          </>
        ) : (
          <Text size="sm">{t('operators.alone_owner')}</Text>
        )}
      </Stack>
    </Alert>
  );
}
