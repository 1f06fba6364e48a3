import { Button, Center, Code, List, Loader, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useEffect, useState } from 'react';
import { askOnce, client } from '../../api';
import { useReading } from '../../language';
import { ProblemPanel } from '../../parts/problem';
import type { Session } from '../../session';
import { CodeInput } from './second-factor';

/** Registers an authenticator: a QR code to scan, and its first code back. */
export function Enrolment({ onDone }: { onDone: (session: Session, recoveryCodes: string[] | undefined) => void }) {
  const { t } = useReading();
  const [code, setCode] = useState('');
  const beginning = useMutation({ mutationFn: () => askOnce(() => client.POST('/v1/session/enrolment')) });
  const { mutate: begin } = beginning;
  useEffect(() => begin(), [begin]);
  const completing = useMutation({
    mutationFn: () => askOnce(() => client.POST('/v1/session/second-factor', { body: { code } })),
    onSuccess: ({ session, recovery_codes }) => onDone(session, recovery_codes),
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    completing.mutate();
  };
  if (beginning.isError) return <ProblemPanel error={beginning.error} onRetry={begin} />;
  if (!beginning.data)
    return (
      <Center p="xl">
        <Loader role="status" aria-label={t('common.loading')} />
      </Center>
    );
  const { uri, qr } = beginning.data;
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t('session.enrol_why')}</Text>
        <List type="ordered" size="sm" spacing={4}>
          <List.Item>{t('session.enrol_app')}</List.Item>
          <List.Item>{t('session.enrol_scan')}</List.Item>
          <List.Item>{t('session.enrol_code')}</List.Item>
        </List>
        <Center>
          <img
            src={qr}
            alt={t('session.qr')}
            width={196}
            height={196}
            style={{ background: '#fff', borderRadius: 6 }}
          />
        </Center>
        <Text size="xs" c="dimmed">
          {t('session.by_hand')} <Code>{new URL(uri).searchParams.get('secret')}</Code>
        </Text>
        <CodeInput code={code} onCode={setCode} />
        {completing.isError && <ProblemPanel error={completing.error} />}
        <Button type="submit" loading={completing.isPending} fullWidth>
          {t('session.enrol')}
        </Button>
      </Stack>
    </form>
  );
}
