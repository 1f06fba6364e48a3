import { Stack } from '@mantine/core';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Facts, Panel } from '../../parts/page';
import { State, type Tone } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { isTextKey } from '../../texts';

type System = Schemas['System'];
type Program = System['programs'][number];
/** Without one of these something stands still. */
const NEEDED = ['api', 'worker', 'admin'] as const;

interface Part {
  name: string;
  tone: Tone;
  state: string;
  version: string;
  note: string;
}

/** Which parts run, and in which version. */
export function Parts({ system }: { system: System }) {
  const { t, format } = useReading();
  const { database, redis, programs } = system;
  const answers = (ms: number | null): string =>
    ms === null ? '—' : t('system.answers_in', { ms: format.number(ms) });
  const parts: Part[] = [
    ...NEEDED.map((app): Part => {
      const running = programs.filter((program) => program.app === app);
      const versions = [...new Set(running.map(({ version }) => version))];
      return {
        name: t(`system.part_${app}`),
        tone: running.length > 0 ? 'good' : 'bad',
        state: t(running.length > 0 ? 'system.up' : 'system.not_running'),
        version: versions.length === 0 ? '—' : format.list(versions),
        note: t('system.processes', { count: format.number(running.length) }),
      };
    }),
    {
      name: 'PostgreSQL',
      tone: 'good',
      state: t('system.up'),
      version: database.version,
      note: answers(database.answer_ms),
    },
    {
      name: 'Redis',
      tone: redis.state === 'up' ? 'good' : 'bad',
      state: t(`system.redis_${redis.state}`),
      version: redis.version ?? '—',
      note: answers(redis.answer_ms),
    },
  ];
  const columns: Column<Part>[] = [
    { name: 'part', title: t('system.part'), cell: ({ name }) => name },
    { name: 'state', title: t('system.state'), cell: ({ tone, state }) => <State tone={tone}>{state}</State> },
    { name: 'version', title: t('system.version'), cell: ({ version }) => <span className="numbers">{version}</span> },
    { name: 'note', title: t('system.note'), cell: ({ note }) => note },
  ];
  return (
    <Stack>
      <Panel title={t('system.parts')}>
        <Rows label={t('system.parts')} columns={columns} rows={parts} keyOf={({ name }) => name} />
      </Panel>
      <Panel title={t('system.programs')}>
        <Processes programs={programs} />
      </Panel>
      <Panel title={t('system.schema')}>
        <Facts
          facts={[
            [t('system.migration'), <code>{database.migration}</code>],
            [t('system.migrations'), format.number(database.migrations)],
          ]}
        />
      </Panel>
    </Stack>
  );
}

function Processes({ programs }: { programs: readonly Program[] }) {
  const { t, format } = useReading();
  const columns: Column<Program>[] = [
    {
      name: 'app',
      title: t('system.program'),
      cell: ({ app }) => {
        const key = `system.part_${app}`;
        return isTextKey(key) ? t(key) : <code>{app}</code>;
      },
    },
    { name: 'version', title: t('system.version'), cell: ({ version }) => <span className="numbers">{version}</span> },
    { name: 'node', title: t('system.node'), cell: ({ node }) => <span className="numbers">{node}</span> },
    { name: 'started', title: t('system.started_at'), cell: ({ started_at: at }) => format.time(at) },
  ];
  return (
    <Rows
      label={t('system.programs')}
      columns={columns}
      rows={programs}
      keyOf={({ app, started_at: at }) => `${app} ${at}`}
    />
  );
}
