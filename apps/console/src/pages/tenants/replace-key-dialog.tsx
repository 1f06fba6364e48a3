import { NumberInput, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { FormButtons } from '../../parts/form-buttons';
import { Once } from '../../parts/once';
import { fieldError, ProblemPanel } from '../../parts/problem';
import { Window } from '../../parts/window';
import { WhereTo } from './where-to';

interface ReplaceKeyProps {
  apiKey: Schemas['ApiKey'];
  onMade: () => Promise<unknown>;
  onClose: () => void;
}

const USUAL_OVERLAP_HOURS = 24;

/** Gives a key a new secret, shown this once; the old one goes on for a while. */
export function ReplaceKeyDialog({ apiKey, onMade, onClose }: ReplaceKeyProps) {
  const { t, language } = useReading();
  const [hours, setHours] = useState<string | number>(USUAL_OVERLAP_HOURS);
  const replacing = useMutation({
    mutationFn: () =>
      ask(() =>
        client.POST('/v1/api-keys/{id}/rotate', {
          params: { path: { id: apiKey.id } },
          body: { overlap_hours: hours === '' ? NaN : Number(hours) },
        }),
      ),
    onSuccess: onMade,
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    replacing.mutate();
  };
  const secret = replacing.data?.api_key;
  return (
    <Window
      onClose={onClose}
      title={t(secret === undefined ? 'keys.replace_title' : 'keys.made')}
      closeOnClickOutside={false}
      closeOnEscape={secret === undefined}
      withCloseButton={secret === undefined}
    >
      {secret === undefined ? (
        <form onSubmit={submit}>
          <Stack>
            <Text fw={650}>{`${apiKey.name} (…${apiKey.last_four})`}</Text>
            <Text size="sm">{t('keys.replace_hint', { name: apiKey.name, end: apiKey.last_four })}</Text>
            <NumberInput
              label={t('keys.overlap_hours')}
              description={t('keys.overlap_hours_hint')}
              required
              data-autofocus
              hideControls
              allowNegative={false}
              maw={220}
              value={hours}
              error={fieldError(replacing.error, 'overlap_hours', language)}
              onChange={setHours}
            />
            {replacing.isError && <ProblemPanel error={replacing.error} shown={(field) => field === 'overlap_hours'} />}
            <FormButtons submit={t('keys.replace')} pending={replacing.isPending} onCancel={onClose} />
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
