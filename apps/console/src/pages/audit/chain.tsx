import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconCircleCheck, IconHourglass, IconShieldX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Actor } from '../../parts/actor';
import { Copyable } from '../../parts/copy';
import { Loaded } from '../../parts/loaded';
import { Facts, Panel } from '../../parts/page';
import { fieldError, ProblemPanel } from '../../parts/problem';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { oneOf } from '../../search';

type Chain = Schemas['AuditChain'];
type Verification = Schemas['AuditVerification'];
type Report = NonNullable<Verification['report']>;
type Fault = Report['faults'][number];

const FAULTS = [
  'not_an_export',
  'unreadable',
  'altered',
  'place_altered',
  'replaced',
  'missing',
  'out_of_order',
  'lost',
  'day_not_closed',
  'wrong_day',
  'rewritten',
  'signature_wrong',
  'key_unknown',
  'key_untrusted',
  'key_replaced',
  'after_the_end',
  'cut_off',
  'range_short',
  'head_differs',
  'never_sealed',
] as const;

/** How far the trail is sealed, and whether what is stored still agrees with it. */
export function ChainTab() {
  const { t } = useReading();
  const found = useQuery({
    queryKey: ['audit-chain'],
    queryFn: () => ask(() => client.GET('/v1/audit-chain')),
    // A verification that takes longer than its answer is found by looking again.
    refetchInterval: ({ state: { data } }) => (data?.verification_running ? 3_000 : false),
  });
  return (
    <Loaded query={found}>
      {(chain) => (
        <Stack>
          <Panel title={t('chain.status')} actions={<ChainState chain={chain} />}>
            <Status chain={chain} />
          </Panel>
          <Verify chain={chain} />
        </Stack>
      )}
    </Loaded>
  );
}

function ChainState({ chain }: { chain: Chain }) {
  const { t } = useReading();
  if (chain.seq === 0) return <State tone="calm">{t('chain.state_empty')}</State>;
  return chain.unclosed_days > 0 ? (
    <State tone="bad">{t('chain.state_gaps')}</State>
  ) : (
    <State tone="good">{t('chain.state_good')}</State>
  );
}

function Status({ chain }: { chain: Chain }) {
  const { t, format } = useReading();
  const day = (text: string | null): string => format.day(text === null ? null : `${text}T00:00:00+09:00`);
  return (
    <Facts
      facts={[
        [t('chain.seq'), <span className="numbers">{format.number(chain.seq)}</span>],
        [t('chain.sealed_at'), format.time(chain.sealed_at)],
        [
          t('chain.days'),
          chain.closed_days === 0
            ? t('chain.days_none')
            : t('chain.days_from_to', {
                from: day(chain.first_day),
                to: day(chain.last_closed_day),
                count: format.number(chain.closed_days),
              }),
        ],
        [t('chain.open_day'), day(chain.open_day)],
        [t('chain.signed_at'), format.time(chain.signed_at)],
        [
          t('chain.key_ids'),
          chain.key_ids.length === 0 ? (
            '—'
          ) : (
            <Group gap="xs">
              {chain.key_ids.map((id) => (
                <Copyable key={id} text={id} />
              ))}
            </Group>
          ),
        ],
        [
          t('chain.unclosed_days'),
          chain.unclosed_days === 0 ? (
            t('common.none')
          ) : (
            <State tone="bad">{t('chain.unclosed_count', { count: chain.unclosed_days })}</State>
          ),
        ],
        [
          t('chain.unsealed'),
          chain.unsealed === 0
            ? t('common.none')
            : t('chain.unsealed_since', {
                count: format.number(chain.unsealed),
                at: format.time(chain.oldest_unsealed_at),
              }),
        ],
        [t('chain.head'), <Copyable text={chain.head} />],
      ]}
    />
  );
}

function Verify({ chain }: { chain: Chain }) {
  const { t, language } = useReading();
  const queries = useQueryClient();
  const [range, setRange] = useState({ from: '', to: '' });
  const verifying = useMutation({
    mutationFn: () =>
      ask(() =>
        client.POST('/v1/audit-chain/verifications', {
          body: Object.fromEntries(Object.entries(range).filter(([, day]) => day !== '')),
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: ['audit-chain'] }),
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    verifying.mutate();
  };
  const shown = (field: string): boolean => field === 'from' || field === 'to';
  return (
    <Panel title={t('chain.verify')}>
      <form onSubmit={submit}>
        <Stack p="md">
          <Text size="sm">{t('chain.verify_lead')}</Text>
          <Group align="flex-start" gap="xs">
            {(['from', 'to'] as const).map((name) => (
              <TextInput
                key={name}
                type="date"
                label={t(`chain.${name}`)}
                value={range[name]}
                error={fieldError(verifying.error, name, language)}
                onChange={(event) => setRange({ ...range, [name]: event.currentTarget.value })}
              />
            ))}
            <Button type="submit" mt={25} loading={verifying.isPending || chain.verification_running}>
              {t('chain.verify_act')}
            </Button>
          </Group>
          <div aria-live="polite">
            {verifying.isError && <ProblemPanel error={verifying.error} shown={shown} />}
            {verifying.data && <Result verification={verifying.data} />}
          </div>
        </Stack>
      </form>
      {verifying.data?.report && verifying.data.report.faults.length > 0 && <Faults report={verifying.data.report} />}
      {chain.last_verification && <Last event={chain.last_verification} />}
    </Panel>
  );
}

function Result({ verification: { report } }: { verification: Verification }) {
  const { t, format } = useReading();
  if (!report)
    return (
      <Alert color="blue" icon={<IconHourglass />}>
        <Text size="sm">{t('chain.still_running')}</Text>
      </Alert>
    );
  const events = t('chain.result_events', { count: format.number(report.events) });
  return report.whole ? (
    <Alert color="green" icon={<IconCircleCheck />} title={t('chain.whole')} styles={GOOD}>
      <Text size="sm">{events}</Text>
    </Alert>
  ) : (
    <Alert color="red" icon={<IconShieldX />} title={t('chain.broken', { count: report.fault_count })} styles={BAD}>
      <Text size="sm">{events}</Text>
      <Text size="sm">{t('chain.broken_remedy')}</Text>
    </Alert>
  );
}

const GOOD = { title: { color: 'var(--console-good)' } };
const BAD = { title: { color: 'var(--console-bad)' } };

function Faults({ report }: { report: Report }) {
  const { t, format } = useReading();
  const columns: Column<Fault>[] = [
    {
      name: 'code',
      title: t('chain.fault'),
      cell: ({ code, meaning }) => {
        const known = oneOf(FAULTS, code);
        return known ? t(`chain.fault_${known}`) : meaning;
      },
    },
    {
      name: 'seq',
      title: t('chain.fault_seq'),
      right: true,
      cell: ({ seq }) => (seq === null ? '—' : format.number(seq)),
    },
    { name: 'day', title: t('chain.fault_day'), cell: ({ day }) => day ?? '—' },
    { name: 'id', title: t('audit.id'), cell: ({ id }) => (id === null ? '—' : <Copyable text={id} />) },
  ];
  return (
    <Rows
      label={t('chain.faults')}
      columns={columns}
      rows={report.faults}
      keyOf={({ code, seq, id, day }) => `${code} ${seq} ${id} ${day}`}
    />
  );
}

/** The last run of anybody, here or by the command. */
function Last({ event }: { event: NonNullable<Chain['last_verification']> }) {
  const { t, format } = useReading();
  const { whole } = event.detail as { whole?: boolean };
  return (
    <Group px="md" py="sm" gap="sm" style={{ borderTop: '1px solid var(--console-line)' }}>
      <Text size="sm" c="dimmed">
        {t('chain.last')}
      </Text>
      <State tone={whole === true ? 'good' : 'bad'}>
        {t(whole === true ? 'chain.last_whole' : 'chain.last_broken')}
      </State>
      <Text size="sm" className="numbers">
        {format.time(event.recorded_at)}
      </Text>
      <Text size="sm" component="span">
        <Actor name={event.actor} />
      </Text>
    </Group>
  );
}
