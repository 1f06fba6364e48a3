import { Button, Group, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Copyable, shortId } from '../../parts/copy';
import { Allowed, Empty, Loaded } from '../../parts/loaded';
import { ModeState, State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { useMay } from '../../session';
import { NewKeyDialog } from './new-key-dialog';
import { scopeName } from './scopes';
import { ReplaceKeyDialog } from './replace-key-dialog';

type ApiKey = Schemas['ApiKey'];

/** The keys of both modes. */
export function KeysTab({ tenant }: { tenant: Schemas['TenantDetail'] }) {
  return (
    <Allowed permission="api_keys:read">
      <Keys tenant={tenant} />
    </Allowed>
  );
}

const STATES = {
  revoked: { tone: 'bad', text: 'keys.revoked' },
  expired: { tone: 'calm', text: 'keys.expired' },
  replaced: { tone: 'warn', text: 'keys.replaced' },
  usable: { tone: 'good', text: 'keys.usable' },
} as const;

const isOver = ({ expires_at: at }: ApiKey): boolean => at !== null && Date.parse(at) <= Date.now();

function Keys({ tenant }: { tenant: Schemas['TenantDetail'] }) {
  const { t, format } = useReading();
  const may = useMay();
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const [replacing, setReplacing] = useState<ApiKey>();
  const [revoking, setRevoking] = useState<ApiKey>();
  const queryKey = ['tenant', tenant.id, 'keys'];
  const found = useQuery({
    queryKey,
    queryFn: () => ask(() => client.GET('/v1/tenants/{id}/api-keys', { params: { path: { id: tenant.id } } })),
  });
  const forget = () => queries.invalidateQueries({ queryKey });
  const known = new Map(found.data?.data.map((key) => [key.id, key]));
  const replaced = new Set(found.data?.data.map(({ rotated_from: from }) => from));
  const stateOf = (key: ApiKey) => {
    if (key.revoked_at !== null) return STATES.revoked;
    if (isOver(key)) return STATES.expired;
    return replaced.has(key.id) ? STATES.replaced : STATES.usable;
  };
  const inWords = (scope: string): string => {
    const name = scopeName(scope);
    return name ? t(name) : scope;
  };
  const columns: Column<ApiKey>[] = [
    {
      name: 'name',
      title: t('keys.name'),
      cell: ({ name, rotated_from: from }) => (
        <>
          {name}
          {from !== null && (
            <Text size="xs" c="dimmed">
              {t('keys.replaces', { end: known.get(from)?.last_four ?? '…' })}
            </Text>
          )}
        </>
      ),
      text: ({ name }) => name,
    },
    {
      name: 'mode',
      title: t('common.mode'),
      cell: ({ mode }) => <ModeState mode={mode} />,
      text: ({ mode }) => t(`common.mode_${mode}`),
    },
    {
      name: 'key',
      title: t('keys.ends_in'),
      cell: ({ mode, last_four: end }) => <code style={{ whiteSpace: 'nowrap' }}>{`shm_${mode}_…${end}`}</code>,
      text: ({ last_four: end }) => end,
    },
    {
      name: 'state',
      title: t('keys.state'),
      cell: (key) => {
        const { tone, text } = stateOf(key);
        return <State tone={tone}>{t(text)}</State>;
      },
      text: (key) => t(stateOf(key).text),
    },
    {
      name: 'scopes',
      title: t('keys.scopes'),
      cell: ({ scopes }) => <ShortList words={scopes.map(inWords)} />,
      text: ({ scopes }) => scopes.join(' '),
    },
    {
      name: 'addresses',
      title: t('keys.addresses'),
      cell: ({ allowed_addresses: addresses }) =>
        addresses.length === 0 ? t('keys.everywhere') : <ShortList words={addresses} />,
      text: ({ allowed_addresses: addresses }) => (addresses.length === 0 ? t('keys.everywhere') : addresses.join(' ')),
    },
    { name: 'used', title: t('keys.last_used'), cell: ({ last_used_at: at }) => format.minute(at) },
    { name: 'expires', title: t('keys.expires'), cell: ({ expires_at: at }) => format.minute(at) },
    { name: 'id', title: 'ID', cell: ({ id }) => <Copyable text={id} shown={shortId(id)} />, text: ({ id }) => id },
    ...(may('api_keys:write')
      ? [
          {
            name: 'actions',
            title: t('common.actions'),
            fixed: true,
            cell: (key: ApiKey) =>
              key.revoked_at === null && (
                <Group gap={6} wrap="nowrap">
                  {!isOver(key) && !replaced.has(key.id) && (key.mode === 'test' || tenant.state === 'live') && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={t('keys.replace_key', { name: key.name })}
                      onClick={() => setReplacing(key)}
                    >
                      {t('keys.replace')}
                    </Button>
                  )}
                  <Button
                    size="compact-xs"
                    variant="default"
                    c="var(--console-bad)"
                    aria-label={t('keys.revoke_key', { name: key.name })}
                    onClick={() => setRevoking(key)}
                  >
                    {t('keys.revoke')}
                  </Button>
                </Group>
              ),
          },
        ]
      : []),
  ];
  return (
    <Stack>
      {may('api_keys:write') && (
        <Group justify="flex-end">
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>
            {t('keys.new')}
          </Button>
        </Group>
      )}
      <div className="panel">
        <Loaded query={found}>
          {({ data }) =>
            data.length === 0 ? (
              <Empty>{t('keys.none')}</Empty>
            ) : (
              <Rows
                label={t('keys.title')}
                columns={columns}
                rows={data}
                keyOf={({ id }) => id}
                whole="api-keys"
                findable
              />
            )
          }
        </Loaded>
      </div>
      {making && <NewKeyDialog tenant={tenant} onMade={forget} onClose={() => setMaking(false)} />}
      {replacing && <ReplaceKeyDialog apiKey={replacing} onMade={forget} onClose={() => setReplacing(undefined)} />}
      {revoking && (
        <Confirm
          title={t('keys.revoke_title')}
          thing={`${revoking.name} (…${revoking.last_four})`}
          confirm={t('keys.revoke')}
          danger
          act={async () => {
            await ask(() => client.POST('/v1/api-keys/{id}/revoke', { params: { path: { id: revoking.id } } }));
            await forget();
          }}
          done={t('keys.revoked_done', { name: revoking.name })}
          onClose={() => setRevoking(undefined)}
        >
          <Text size="sm">{t('keys.revoke_effect')}</Text>
        </Confirm>
      )}
    </Stack>
  );
}

/** The first of some words; all of them when one points at it. */
function ShortList({ words }: { words: readonly string[] }) {
  const { format } = useReading();
  return (
    <span title={words.join('\n')}>
      {words[0]}
      {words.length > 1 && ` +${format.number(words.length - 1)}`}
    </span>
  );
}
