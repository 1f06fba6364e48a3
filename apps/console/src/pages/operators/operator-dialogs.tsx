import { Checkbox, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, type SyntheticEvent, useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { FormButtons } from '../../parts/form-buttons';
import { Confirm } from '../../parts/confirm';
import { Once } from '../../parts/once';
import { fieldError, ProblemPanel } from '../../parts/problem';
import { Window } from '../../parts/window';

type Operator = Schemas['Operator'];
const ROLES = ['admin', 'onboarding', 'billing', 'auditor', 'support'] as const;

interface AboutOperator {
  operator: Operator;
  onClose: () => void;
}

function useForget(): () => Promise<unknown> {
  const queries = useQueryClient();
  return () => Promise.all([['operators'], ['approvals']].map((queryKey) => queries.invalidateQueries({ queryKey })));
}

/** What somebody may do: proposed here, approved by another. */
export function RolesDialog({ operator, onClose }: AboutOperator) {
  const { t } = useReading();
  const forget = useForget();
  const [roles, setRoles] = useState<string[]>(operator.roles);
  const act = async (reason: string): Promise<void> => {
    const body = { roles: ROLES.filter((role) => roles.includes(role)), reason };
    await ask(() => client.POST('/v1/operators/{id}/roles', { params: { path: { id: operator.id } }, body }));
    await forget();
  };
  return (
    <Confirm
      title={t('operators.propose_roles')}
      thing={`${operator.name} (${operator.email})`}
      confirm={t('common.propose')}
      words={{ field: 'reason', label: t('common.reason'), required: true }}
      act={act}
      done={t('operators.roles_proposed', { name: operator.name })}
      onClose={onClose}
    >
      <Checkbox.Group label={t('operators.roles')} value={roles} onChange={setRoles}>
        <Stack gap={8} mt={6}>
          {ROLES.map((role) => (
            <Checkbox
              key={role}
              value={role}
              label={t(`operators.role_${role}`)}
              description={t(`operators.role_${role}_hint`)}
            />
          ))}
        </Stack>
      </Checkbox.Group>
    </Confirm>
  );
}

export function ResetDialog({ operator, onClose }: AboutOperator) {
  const { t } = useReading();
  const forget = useForget();
  return (
    <Confirm
      title={t('operators.reset')}
      thing={`${operator.name} (${operator.email})`}
      confirm={t('operators.reset')}
      danger
      act={async () => {
        const params = { path: { id: operator.id } };
        await ask(() => client.POST('/v1/operators/{id}/second-factor/reset', { params }));
        await forget();
      }}
      done={t('operators.reset_done', { name: operator.name })}
      onClose={onClose}
    >
      <Text size="sm">{t('operators.reset_effect')}</Text>
    </Confirm>
  );
}

export function DisableDialog({ operator, onClose }: AboutOperator) {
  const { t } = useReading();
  const forget = useForget();
  return (
    <Confirm
      title={t('operators.disable')}
      thing={`${operator.name} (${operator.email})`}
      confirm={t('operators.disable')}
      danger
      act={async () => {
        await ask(() => client.POST('/v1/operators/{id}/disable', { params: { path: { id: operator.id } } }));
        await forget();
      }}
      done={t('operators.disabled', { name: operator.name })}
      onClose={onClose}
    >
      <Text size="sm">{t('operators.disable_effect')}</Text>
    </Confirm>
  );
}

/** An account without roles, with a password that is shown this once. */
export function NewOperatorDialog({ warning, onClose }: { warning: ReactNode; onClose: () => void }) {
  const { t, language } = useReading();
  const forget = useForget();
  const [form, setForm] = useState({ name: '', email: '' });
  const making = useMutation({
    mutationFn: () => ask(() => client.POST('/v1/operators', { body: form })),
    onSuccess: forget,
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    making.mutate();
  };
  const made = making.data;
  return (
    <Window
      onClose={onClose}
      title={t(made ? 'operators.made' : 'operators.new')}
      closeOnClickOutside={false}
      closeOnEscape={!made}
      withCloseButton={!made}
    >
      {made ? (
        <Once
          hint={t('operators.password_once', { name: made.operator.name, email: made.operator.email })}
          secret={made.password}
          kept={t('operators.password_kept')}
          onKept={onClose}
        />
      ) : (
        <form onSubmit={submit}>
          <Stack>
            {warning}
            <Text size="sm">{t('operators.new_hint')}</Text>
            <TextInput
              label={t('operators.name')}
              required
              maxLength={100}
              autoComplete="off"
              data-autofocus
              value={form.name}
              error={fieldError(making.error, 'name', language)}
              onChange={(event) => setForm({ ...form, name: event.currentTarget.value })}
            />
            <TextInput
              label={t('session.email')}
              type="email"
              required
              maxLength={254}
              autoComplete="off"
              value={form.email}
              error={fieldError(making.error, 'email', language)}
              onChange={(event) => setForm({ ...form, email: event.currentTarget.value })}
            />
            {making.isError && <ProblemPanel error={making.error} />}
            <FormButtons submit={t('operators.make')} pending={making.isPending} onCancel={onClose} />
          </Stack>
        </form>
      )}
    </Window>
  );
}
