import { Button, FileInput, Group, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type SyntheticEvent, useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { FormButtons } from '../../parts/form-buttons';
import { Copyable } from '../../parts/copy';
import { Empty, Loaded } from '../../parts/loaded';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { fieldError, ProblemPanel } from '../../parts/problem';
import { useMay } from '../../session';
import { useToast } from '../../parts/toast';
import { Window } from '../../parts/window';

type Anchor = Schemas['TrustAnchor'];
const DAY_MS = 86_400_000;
/** A root this close to its end is marked. */
const SOON_MS = 180 * DAY_MS;

/** The roots a mode trusts. */
export function Anchors({ mode }: { mode: 'live' | 'test' }) {
  const { t, format } = useReading();
  const may = useMay();
  const [proposing, setProposing] = useState(false);
  const found = useQuery({
    queryKey: ['anchors', mode],
    queryFn: () => ask(() => client.GET('/v1/trust-anchors', { params: { query: { mode } } })),
  });
  const columns: Column<Anchor>[] = [
    {
      name: 'hierarchy',
      title: t('revocation.hierarchy'),
      cell: ({ hierarchy }) => t(`revocation.hierarchy_${hierarchy}`),
    },
    { name: 'generation', title: t('revocation.generation'), cell: ({ generation }) => generation },
    { name: 'subject', title: t('revocation.subject'), cell: ({ subject }) => subject },
    {
      name: 'fingerprint',
      title: t('revocation.fingerprint'),
      cell: ({ fingerprint }) => <Copyable text={fingerprint} shown={`${fingerprint.slice(0, 16)}…`} />,
      text: ({ fingerprint }) => fingerprint,
    },
    {
      name: 'until',
      title: t('revocation.not_after'),
      cell: ({ not_after: at }) => <Expiry at={at} />,
      text: ({ not_after: at }) => format.day(at),
    },
    { name: 'imported', title: t('revocation.imported_at'), cell: ({ imported_at: at }) => format.day(at) },
    {
      name: 'approval',
      title: t('approvals.approval'),
      cell: ({ approval_id: id }) =>
        id === null ? (
          '—'
        ) : (
          <Link to="/approvals/$approvalId" params={{ approvalId: id }}>
            {t('common.open')}
          </Link>
        ),
      text: ({ approval_id: id }) => id,
    },
  ];
  return (
    <Stack>
      {mode === 'live' && may('anchors:propose') && (
        <Group justify="flex-end">
          <Button onClick={() => setProposing(true)}>{t('revocation.propose_anchor')}</Button>
        </Group>
      )}
      <div className="panel">
        <Loaded query={found}>
          {({ data }) =>
            data.length === 0 ? (
              <Empty>{t('revocation.no_anchors')}</Empty>
            ) : (
              <Rows
                label={t('revocation.tab_anchors')}
                columns={columns}
                rows={data}
                keyOf={({ fingerprint, hierarchy }) => `${hierarchy} ${fingerprint}`}
                whole="trust-anchors"
                findable
              />
            )
          }
        </Loaded>
      </div>
      {proposing && <AnchorDialog onClose={() => setProposing(false)} />}
    </Stack>
  );
}

function Expiry({ at }: { at: string }) {
  const { t, format } = useReading();
  const [now] = useState(Date.now);
  const left = Date.parse(at) - now;
  if (left > SOON_MS) return <>{format.day(at)}</>;
  return (
    <Group gap={6}>
      {format.day(at)}
      <State tone={left <= 0 ? 'bad' : 'warn'}>{t(left <= 0 ? 'revocation.over' : 'revocation.soon_over')}</State>
    </Group>
  );
}

/** A root for live: the file, and its fingerprint from elsewhere. A second person approves. */
function AnchorDialog({ onClose }: { onClose: () => void }) {
  const { t, language } = useReading();
  const toast = useToast();
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [form, setForm] = useState({ hierarchy: 'sign' as Anchor['hierarchy'], fingerprint: '', reason: '' });
  const proposing = useMutation({
    mutationFn: async () => {
      const certificate = file === null ? '' : await base64Of(file);
      return ask(() => client.POST('/v1/trust-anchors/proposals', { body: { ...form, certificate } }));
    },
    onSuccess: async () => {
      toast(t('revocation.anchor_proposed'));
      await queries.invalidateQueries({ queryKey: ['approvals'] });
      onClose();
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    proposing.mutate();
  };
  const error = (field: string) => fieldError(proposing.error, field, language);
  return (
    <Window onClose={onClose} title={t('revocation.propose_anchor')}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t('revocation.propose_anchor_hint')}</Text>
          <NativeSelect
            label={t('revocation.hierarchy')}
            value={form.hierarchy}
            data={(['sign', 'auth'] as const).map((value) => ({ value, label: t(`revocation.hierarchy_${value}`) }))}
            onChange={(event) => setForm({ ...form, hierarchy: event.currentTarget.value as Anchor['hierarchy'] })}
          />
          <FileInput
            label={t('revocation.anchor_file')}
            placeholder={t('common.choose_file')}
            required
            value={file}
            error={error('certificate')}
            onChange={setFile}
          />
          <TextInput
            label={t('revocation.fingerprint')}
            description={t('revocation.fingerprint_hint')}
            required
            maxLength={200}
            value={form.fingerprint}
            error={error('fingerprint')}
            onChange={(event) => setForm({ ...form, fingerprint: event.currentTarget.value })}
          />
          <Textarea
            label={t('common.reason')}
            required
            autosize
            minRows={2}
            maxLength={1000}
            value={form.reason}
            error={error('reason')}
            onChange={(event) => setForm({ ...form, reason: event.currentTarget.value })}
          />
          {proposing.isError && <ProblemPanel error={proposing.error} />}
          <FormButtons submit={t('common.propose')} pending={proposing.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Window>
  );
}

/** DER or PEM as base64 of the DER. */
async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  const pem = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(text);
  if (pem) return pem[1]!.replaceAll(/\s/g, '');
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
