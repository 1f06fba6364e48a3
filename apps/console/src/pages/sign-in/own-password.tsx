import { Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { askOnce, client, Refused } from '../../api';
import { useReading } from '../../language';
import { ProblemPanel } from '../../parts/problem';
import type { Session } from '../../session';

const RULES = ['too_short', 'too_uniform', 'unchanged', 'names_you', 'common'] as const;

/** A password that nobody else has given. */
export function OwnPassword({ onDone }: { onDone: (session: Session) => void }) {
  const { t } = useReading();
  const [form, setForm] = useState({ current: '', next: '', again: '' });
  const changing = useMutation({
    mutationFn: () =>
      askOnce(() =>
        client.POST('/v1/me/password', { body: { current_password: form.current, new_password: form.next } }),
      ),
    onSuccess: (session) => {
      setForm({ current: '', next: '', again: '' });
      onDone(session);
    },
  });
  const differs = form.again !== '' && form.again !== form.next;
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (form.again === form.next) changing.mutate();
  };
  const toggle = { 'aria-label': t('session.show_password') };
  return (
    <form onSubmit={submit}>
      <Stack>
        <PasswordInput
          label={t('session.present_password')}
          autoComplete="current-password"
          required
          value={form.current}
          onChange={(event) => setForm({ ...form, current: event.currentTarget.value })}
          visibilityToggleButtonProps={toggle}
        />
        <PasswordInput
          label={t('session.new_password')}
          description={t('session.new_password_hint')}
          autoComplete="new-password"
          required
          minLength={12}
          value={form.next}
          error={weakness(changing.error, t)}
          onChange={(event) => setForm({ ...form, next: event.currentTarget.value })}
          visibilityToggleButtonProps={toggle}
        />
        <PasswordInput
          label={t('session.new_password_again')}
          autoComplete="new-password"
          required
          value={form.again}
          error={differs ? t('session.passwords_differ') : undefined}
          onChange={(event) => setForm({ ...form, again: event.currentTarget.value })}
          visibilityToggleButtonProps={toggle}
        />
        {changing.isError && <ProblemPanel error={changing.error} />}
        <Button type="submit" loading={changing.isPending} disabled={differs} fullWidth>
          {t('session.set_password')}
        </Button>
      </Stack>
    </form>
  );
}

function weakness(error: unknown, t: ReturnType<typeof useReading>['t']): string | undefined {
  if (!(error instanceof Refused) || error.problem.code !== 'password_weak') return undefined;
  const rule = RULES.find((each) => each === error.problem.rule);
  return rule && t(`session.password_${rule}`);
}
