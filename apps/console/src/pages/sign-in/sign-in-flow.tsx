import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useEffect, useState } from 'react';
import { askOnce, client } from '../../api';
import { useReading } from '../../language';
import { fieldError, ProblemPanel } from '../../parts/problem';
import type { Session } from '../../session';
import { sessionStore } from '../../session-store';
import { Enrolment } from './enrolment';
import { OwnPassword } from './own-password';
import { RecoveryCodes } from './recovery-codes';
import { SecondFactor } from './second-factor';

/** Codes that are shown before the session goes on. */
interface Held {
  session: Session;
  codes: string[];
}

/** What one is asked for, one after the other. */
export type Step = 'second_factor' | 'recovery' | 'enrolment' | 'password' | undefined;
const STEPS = {
  open: undefined,
  enrolment: 'enrolment',
  second_factor: 'second_factor',
  password_change: 'password',
} as const satisfies Record<Session['stage'], Step>;

/**
 * From address and password to an open session, one thing at a time.
 * @param session how far one is; `null`: not begun. The store learns of every step.
 */
export function SignInFlow({
  session: begun,
  email = '',
  onStep,
}: {
  session: Session | null;
  email?: string;
  /** Told at which step one is. */
  onStep?: (step: Step) => void;
}) {
  const { t } = useReading();
  const [session, setSession] = useState(begun);
  const [held, setHeld] = useState<Held>();
  const step = held ? 'recovery' : STEPS[session?.stage ?? 'open'];
  useEffect(() => onStep?.(step), [onStep, step]);
  const goOn = (next: Session): void => {
    setHeld(undefined);
    setSession(next);
    sessionStore.open(next);
  };
  const startAnew = (): void => {
    setSession(null);
    if (!sessionStore.lapsed) sessionStore.close();
  };

  if (held) return <RecoveryCodes codes={held.codes} onKept={() => goOn(held.session)} />;
  switch (session?.stage) {
    case undefined:
    case 'open':
      return <Password email={email} onDone={goOn} />;
    case 'enrolment':
      return <Enrolment onDone={(next, codes) => (codes ? setHeld({ session: next, codes }) : goOn(next))} />;
    case 'second_factor':
      return <SecondFactor onDone={goOn} onStartAnew={startAnew} />;
    case 'password_change':
      return (
        <Stack>
          <Text size="sm">{t('session.own_password_why')}</Text>
          <OwnPassword onDone={goOn} />
        </Stack>
      );
  }
}

function Password({ email, onDone }: { email: string; onDone: (session: Session) => void }) {
  const { t, language } = useReading();
  const [form, setForm] = useState({ email, password: '' });
  const signing = useMutation({
    mutationFn: () => askOnce(() => client.POST('/v1/session', { body: form })),
    onSuccess: onDone,
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    signing.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t('session.email')}
          type="email"
          autoComplete="username"
          required
          autoFocus={email === ''}
          value={form.email}
          error={fieldError(signing.error, 'email', language)}
          onChange={(event) => setForm({ ...form, email: event.currentTarget.value })}
        />
        <PasswordInput
          label={t('session.password')}
          autoComplete="current-password"
          required
          autoFocus={email !== ''}
          value={form.password}
          onChange={(event) => setForm({ ...form, password: event.currentTarget.value })}
          visibilityToggleButtonProps={{ 'aria-label': t('session.show_password') }}
        />
        {signing.isError && <ProblemPanel error={signing.error} shown={(field) => field === 'email'} />}
        <Button type="submit" loading={signing.isPending} fullWidth>
          {t('session.next')}
        </Button>
        <Text size="xs" c="dimmed">
          {t('session.forgotten')}
        </Text>
      </Stack>
    </form>
  );
}
