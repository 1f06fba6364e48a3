import { Checkbox, Code, NativeSelect, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { instantOf } from '../../format';
import { useReading } from '../../language';
import { FormButtons } from '../../parts/form-buttons';
import { Once } from '../../parts/once';
import { fieldError, ProblemPanel } from '../../parts/problem';
import { Window } from '../../parts/window';
import { SCOPE_WORDS, SCOPES } from './scopes';
import { WhereTo } from './where-to';

type ApiKey = Schemas['ApiKey'];

/** As it is typed. */
interface NewKeyForm {
  name: string;
  mode: ApiKey['mode'];
  scopes: string[];
  addresses: string;
  expires: string;
}

interface NewKeyProps {
  tenant: Schemas['TenantDetail'];
  onMade: () => Promise<unknown>;
  onClose: () => void;
}

/** Makes a key; its secret is shown this once. */
export function NewKeyDialog({ tenant, onMade, onClose }: NewKeyProps) {
  const { t, language } = useReading();
  const [form, setForm] = useState<NewKeyForm>({
    name: '',
    mode: tenant.state === 'live' ? 'live' : 'test',
    scopes: SCOPES.filter((scope) => scope !== 'admin'),
    addresses: '',
    expires: '',
  });
  const making = useMutation({
    mutationFn: () =>
      ask(() =>
        client.POST('/v1/tenants/{id}/api-keys', {
          params: { path: { id: tenant.id } },
          body: {
            name: form.name,
            mode: form.mode,
            scopes: SCOPES.filter((scope) => form.scopes.includes(scope)),
            allowed_addresses: form.addresses.split(/\s+/).filter((address) => address !== ''),
            ...(form.expires === '' ? {} : { expires_at: instantOf(form.expires) }),
          },
        }),
      ),
    onSuccess: onMade,
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    making.mutate();
  };
  const error = (field: string) => fieldError(making.error, field, language);
  const secret = making.data?.api_key;
  return (
    <Window
      onClose={onClose}
      size="lg"
      title={t(secret === undefined ? 'keys.new' : 'keys.made')}
      // The secret is gone when the window is: only its button closes it.
      closeOnClickOutside={false}
      closeOnEscape={secret === undefined}
      withCloseButton={secret === undefined}
    >
      {secret === undefined ? (
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              label={t('keys.name')}
              description={t('keys.name_hint')}
              required
              maxLength={100}
              data-autofocus
              value={form.name}
              error={error('name')}
              onChange={(event) => setForm({ ...form, name: event.currentTarget.value })}
            />
            <NativeSelect
              label={t('common.mode')}
              value={form.mode}
              error={error('mode')}
              data={[
                { value: 'test', label: t('common.mode_test') },
                { value: 'live', label: t('common.mode_live'), disabled: tenant.state !== 'live' },
              ]}
              description={tenant.state === 'live' ? undefined : t('keys.live_later')}
              onChange={(event) => setForm({ ...form, mode: event.currentTarget.value === 'live' ? 'live' : 'test' })}
            />
            <Checkbox.Group
              label={t('keys.scopes')}
              value={form.scopes}
              error={error('scopes')}
              onChange={(scopes) => setForm({ ...form, scopes })}
            >
              <Stack gap={10} mt={6}>
                {SCOPES.map((scope) => (
                  <Checkbox
                    key={scope}
                    value={scope}
                    label={
                      <>
                        {t(`scopes.name_${SCOPE_WORDS[scope]}`)} <Code>{scope}</Code>
                      </>
                    }
                    description={t(`scopes.hint_${SCOPE_WORDS[scope]}`)}
                  />
                ))}
              </Stack>
            </Checkbox.Group>
            <Textarea
              label={t('keys.addresses')}
              description={t('keys.addresses_hint')}
              autosize
              minRows={2}
              value={form.addresses}
              error={error('allowed_addresses') ?? error('allowed_addresses.0')}
              onChange={(event) => setForm({ ...form, addresses: event.currentTarget.value })}
            />
            <TextInput
              type="datetime-local"
              label={t('keys.expires')}
              description={t('keys.expires_hint')}
              value={form.expires}
              error={error('expires_at')}
              onChange={(event) => setForm({ ...form, expires: event.currentTarget.value })}
            />
            {making.isError && <ProblemPanel error={making.error} />}
            <FormButtons submit={t('keys.make')} pending={making.isPending} onCancel={onClose} />
          </Stack>
        </form>
      ) : (
        <Once hint={t('keys.shown_once')} secret={secret} kept={t('keys.kept')} onKept={onClose}>
          <WhereTo />
        </Once>
      )}
    </Window>
  );
}
