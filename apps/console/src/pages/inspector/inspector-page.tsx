import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type DragEvent, useRef, useState } from 'react';
import { ask, client } from '../../api';
import { useReading } from '../../language';
import { Page, Panel } from '../../parts/page';
import { ProblemPanel } from '../../parts/problem';
import { useSessionState } from '../../session';
import { Inspected } from './inspected';

/** As much as the server takes. */
const MAX_OCTETS = 1_600_000;

/**
 * Explains a certificate or a CMS message. Its contents go to the server and back, and are held by this component alone: they
 * are gone with the page, and when the session ends.
 */
export function InspectorPage() {
  const { t } = useReading();
  const { lapsed } = useSessionState();
  const inspection = useMutation({
    mutationFn: async (file: Uint8Array) =>
      ask(() => client.POST('/v1/inspections', { body: { file: base64Of(file) } })),
    gcTime: 0,
  });
  return (
    <Page title={t('inspector.title')} lead={t('inspector.lead')}>
      <Given onGiven={(file) => inspection.mutate(file)} busy={inspection.isPending} />
      {inspection.isError && <Unreadable error={inspection.error} />}
      {inspection.isSuccess && !lapsed && (
        <Inspected inspection={inspection.data} onForget={() => inspection.reset()} />
      )}
    </Page>
  );
}

function Unreadable({ error }: { error: unknown }) {
  return (
    <div className="panel">
      <ProblemPanel error={error} />
    </div>
  );
}

function Given({ onGiven, busy }: { onGiven: (file: Uint8Array) => void; busy: boolean }) {
  const { t, format } = useReading();
  const chooser = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [isOver, setOver] = useState(false);
  const [tooLarge, setTooLarge] = useState(false);
  const give = async (file: Blob): Promise<void> => {
    setTooLarge(file.size > MAX_OCTETS);
    if (file.size > 0 && file.size <= MAX_OCTETS) onGiven(new Uint8Array(await file.arrayBuffer()));
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const [file] = event.dataTransfer.files;
    if (file) void give(file);
  };
  return (
    <Panel title={t('inspector.given')} padded>
      <div
        className="drop"
        data-over={isOver}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Text size="sm">{t('inspector.drop')}</Text>
        <Button variant="default" loading={busy} onClick={() => chooser.current?.click()}>
          {t('common.choose_file')}
        </Button>
        <input
          ref={chooser}
          type="file"
          hidden
          aria-label={t('common.choose_file')}
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file) void give(file);
            // The same file again is a new question.
            currentTarget.value = '';
          }}
        />
        <Text size="xs" c="dimmed">
          {t('inspector.forms', { size: format.number(MAX_OCTETS / 1_000) })}
        </Text>
      </div>
      {tooLarge && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {t('inspector.too_large', { size: format.number(MAX_OCTETS / 1_000) })}
        </Text>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void give(new Blob([text]));
        }}
      >
        <Stack gap="xs" align="flex-start">
          <Textarea
            w="100%"
            label={t('inspector.paste')}
            placeholder="-----BEGIN CERTIFICATE-----"
            minRows={3}
            maxRows={8}
            autosize
            value={text}
            spellCheck={false}
            autoComplete="off"
            onChange={({ currentTarget }) => setText(currentTarget.value)}
          />
          <Group gap="xs">
            <Button type="submit" disabled={text.trim() === ''} loading={busy}>
              {t('inspector.inspect')}
            </Button>
            <Text size="xs" c="dimmed">
              {t('inspector.not_kept')}
            </Text>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}

/** In pieces: an argument list of a megabyte is too long. */
function base64Of(octets: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < octets.length; at += 0x8000) binary += String.fromCharCode(...octets.subarray(at, at + 0x8000));
  return btoa(binary);
}
