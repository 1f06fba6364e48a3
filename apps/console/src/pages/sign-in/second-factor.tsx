import { Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { askOnce, client } from '../../api';
import { useReading } from '../../language';
import { ProblemPanel } from '../../parts/problem';
import type { Session } from '../../session';

interface SecondFactorProps {
  onDone: (session: Session) => void;
  onStartAnew: () => void;
}

/** The code of the authenticator, or one of the recovery codes. */
export function SecondFactor({ onDone, onStartAnew }: SecondFactorProps) {
  const { t } = useReading();
  const [byRecovery, setByRecovery] = useState(false);
  const [code, setCode] = useState('');
  const showing = useMutation({
    mutationFn: () =>
      askOnce(() =>
        client.POST('/v1/session/second-factor', {
          body: byRecovery ? { recovery_code: code.trim() } : { code: code.trim() },
        }),
      ),
    onSuccess: ({ session }) => onDone(session),
  });
  const leave = useMutation({
    mutationFn: () => askOnce(() => client.DELETE('/v1/session')),
    onSettled: onStartAnew,
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    showing.mutate();
  };
  const change = (): void => {
    setByRecovery(!byRecovery);
    setCode('');
    showing.reset();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t(byRecovery ? 'session.recovery_code_hint' : 'session.code_hint')}</Text>
        {byRecovery ? (
          <TextInput
            key="recovery"
            label={t('session.recovery_code')}
            required
            autoFocus
            autoComplete="off"
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        ) : (
          <CodeInput code={code} onCode={setCode} />
        )}
        {showing.isError && <ProblemPanel error={showing.error} />}
        <Button type="submit" loading={showing.isPending} fullWidth>
          {t('session.sign_in')}
        </Button>
        <Group justify="space-between">
          <Anchor component="button" type="button" size="sm" underline="always" onClick={change}>
            {t(byRecovery ? 'session.use_code' : 'session.use_recovery_code')}
          </Anchor>
          <Anchor component="button" type="button" size="sm" underline="always" onClick={() => leave.mutate()}>
            {t('session.somebody_else')}
          </Anchor>
        </Group>
      </Stack>
    </form>
  );
}

/** Six digits. */
export function CodeInput({ code, onCode }: { code: string; onCode: (code: string) => void }) {
  const { t } = useReading();
  return (
    <TextInput
      label={t('session.code')}
      required
      autoFocus
      inputMode="numeric"
      autoComplete="one-time-code"
      maxLength={6}
      pattern="[0-9]{6}"
      value={code}
      onChange={(event) => onCode(event.currentTarget.value.replaceAll(/\D/g, ''))}
      styles={{ input: { fontVariantNumeric: 'tabular-nums', letterSpacing: '0.3em', fontSize: 18 } }}
    />
  );
}
