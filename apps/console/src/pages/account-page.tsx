import { Button, SimpleGrid, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { askOnce, client } from '../api';
import { useReading } from '../language';
import { Facts, Page, Panel } from '../parts/page';
import { ProblemPanel } from '../parts/problem';
import { useSession } from '../session';
import { sessionStore } from '../session-store';
import { OwnPassword } from './sign-in/own-password';
import { RecoveryCodes } from './sign-in/recovery-codes';
import { CodeInput } from './sign-in/second-factor';
import { useToast } from '../parts/toast';

/** The operator's own account. */
export function AccountPage() {
  const { t, format } = useReading();
  const toast = useToast();
  const { operator, ends_at: ends } = useSession();
  return (
    <Page title={t('account.title')}>
      <Panel title={t('account.facts')}>
        <Facts
          facts={[
            [t('operators.name'), operator.name],
            [t('session.email'), operator.email],
            [
              t('operators.roles'),
              format.list(operator.roles.map((role) => t(`operators.role_${role}`))) || t('operators.no_roles'),
            ],
            [t('account.session_ends'), format.minute(ends)],
          ]}
        />
      </Panel>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Panel title={t('account.password')} padded>
          <Text size="sm">{t('account.password_hint')}</Text>
          <OwnPassword
            onDone={(session) => {
              sessionStore.open(session);
              toast(t('account.password_changed'));
            }}
          />
        </Panel>
        <Panel title={t('account.recovery')} padded>
          <NewRecoveryCodes />
        </Panel>
      </SimpleGrid>
    </Page>
  );
}

function NewRecoveryCodes() {
  const { t } = useReading();
  const [code, setCode] = useState('');
  const renewing = useMutation({
    mutationFn: () => askOnce(() => client.POST('/v1/me/recovery-codes', { body: { code } })),
    onSuccess: () => setCode(''),
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    renewing.mutate();
  };
  if (renewing.data) return <RecoveryCodes codes={renewing.data.recovery_codes} onKept={() => renewing.reset()} />;
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t('account.recovery_hint')}</Text>
        <CodeInput code={code} onCode={setCode} />
        {renewing.isError && <ProblemPanel error={renewing.error} />}
        <Button type="submit" variant="default" loading={renewing.isPending}>
          {t('account.renew')}
        </Button>
      </Stack>
    </form>
  );
}
