import { ActionIcon, Code, Stack, Text } from '@mantine/core';
import { IconFileDescription } from '@tabler/icons-react';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Actor } from '../../parts/actor';
import { Copyable } from '../../parts/copy';
import { Allowed } from '../../parts/loaded';
import { Facts } from '../../parts/page';
import { Paged } from '../../parts/paged';
import type { Column } from '../../parts/table';
import { Window } from '../../parts/window';
import { oneOf } from '../../search';
import { Difference } from '../approvals/difference';
import { fieldsOf } from '../approvals/fields';
import { Name, Said } from '../approvals/field';
import { actionKey } from './action-text';

type AuditEvent = Schemas['AuditEvent'];
const SORTS = ['recorded_at', '-recorded_at'] as const;

export interface AuditFilter {
  actor?: string;
  action?: string;
  target?: string;
  tenant_id?: string;
  request_id?: string;
  recorded_after?: string;
  recorded_before?: string;
}

interface TrailProps {
  filter: AuditFilter;
  sort: string | undefined;
  cursor: string | undefined;
  onPage: (page: { sort: string | undefined; cursor: string | undefined }) => void;
}

/** What was recorded, newest first unless asked otherwise. */
export function AuditTrail(props: TrailProps) {
  return (
    <Allowed permission="audit:read">
      <div className="panel">
        <Events {...props} />
      </div>
    </Allowed>
  );
}

export function Events({ filter, sort: asked, cursor, onPage }: TrailProps) {
  const { t, format } = useReading();
  const [shown, setShown] = useState<AuditEvent>();
  const sort = oneOf(SORTS, asked) ?? '-recorded_at';
  const query = { ...filter, sort };
  const columns: Column<AuditEvent>[] = [
    {
      name: 'recorded_at',
      title: t('audit.recorded_at'),
      cell: ({ recorded_at: at }) => <span className="numbers">{format.time(at)}</span>,
    },
    { name: 'action', title: t('audit.action'), cell: ({ action }) => <Act action={action} /> },
    { name: 'actor', title: t('audit.actor'), cell: ({ actor }) => <Actor name={actor} /> },
    { name: 'target', title: t('audit.target'), cell: ({ target }) => <Actor name={target} /> },
    { name: 'reason', title: t('common.reason'), cell: ({ detail }) => reasonOf(detail) ?? '—' },
    { name: 'ip', title: t('audit.ip'), cell: ({ ip }) => ip ?? '—' },
    {
      name: 'detail',
      title: t('audit.detail'),
      cell: (event) => (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('audit.show_detail', { action: event.action, at: format.time(event.recorded_at) })}
          onClick={() => setShown(event)}
        >
          <IconFileDescription size={17} />
        </ActionIcon>
      ),
    },
  ];
  return (
    <>
      <Paged
        of={['audit', query]}
        load={(from, limit) =>
          ask(() => client.GET('/v1/audit-events', { params: { query: { ...query, cursor: from, limit } } }))
        }
        none={t('common.nothing_found')}
        label={t('audit.title')}
        columns={columns}
        keyOf={({ id }) => id}
        sorts={SORTS}
        sort={sort}
        onSort={(to) => onPage({ sort: to, cursor: undefined })}
        cursor={cursor}
        onCursor={(to) => onPage({ sort: asked, cursor: to })}
      />
      {shown && <OneEvent event={shown} onClose={() => setShown(undefined)} />}
    </>
  );
}

/** Why it was done, as it was typed. */
const reasonOf = (detail: unknown): string | undefined => {
  const reason = (detail as { reason?: unknown } | null)?.reason;
  return typeof reason === 'string' ? reason : undefined;
};

function OneEvent({ event, onClose }: { event: AuditEvent; onClose: () => void }) {
  const { t, format } = useReading();
  return (
    <Window onClose={onClose} size="xl" title={<Act action={event.action} />}>
      <Stack>
        <Facts
          facts={[
            [t('audit.recorded_at'), format.time(event.recorded_at)],
            [t('audit.actor'), <Named name={event.actor} />],
            [t('audit.target'), <Named name={event.target} />],
            [t('tenants.tenant'), event.tenant_id === null ? '—' : <Copyable text={event.tenant_id} />],
            [t('common.request_id'), event.request_id === null ? '—' : <Copyable text={event.request_id} />],
            [t('audit.ip'), event.ip ?? '—'],
            [t('audit.id'), <Copyable text={event.id} />],
            ...(event.detail === null ? [] : [[t('audit.detail'), <Values of={event.detail} />] as const]),
          ]}
        />
        {event.change !== null && <Changed change={event.change} />}
        {(event.detail !== null || event.change !== null) && (
          <details>
            <summary>{t('audit.raw')}</summary>
            <Code block tabIndex={0} style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {JSON.stringify({ detail: event.detail, change: event.change }, null, 2)}
            </Code>
          </details>
        )}
      </Stack>
    </Window>
  );
}

/** An act in words, with its code for who looks for it. */
function Act({ action }: { action: string }) {
  const { t } = useReading();
  const key = actionKey(action);
  if (!key) return <code>{action}</code>;
  return (
    <div>
      {t(key)}
      <Text size="xs" c="dimmed" component="div" ff="monospace">
        {action}
      </Text>
    </div>
  );
}

/** Who or what it was, and its whole name to copy. */
const Named = ({ name }: { name: string }) => (
  <Stack gap={2} align="flex-start">
    <Actor name={name} />
    <Copyable text={name} />
  </Stack>
);

/** Names and values of what is on record. */
function Values({ of }: { of: unknown }) {
  return (
    <ul style={{ margin: 0, paddingInlineStart: 18 }}>
      {fieldsOf(of).map((field) => (
        <li key={field.path.join('.')}>
          <Text span size="xs" c="dimmed">
            <Name path={field.path} />
          </Text>{' '}
          <Said field={field} />
        </li>
      ))}
    </ul>
  );
}

/** What was and what became of it. */
function Changed({ change }: { change: unknown }) {
  const { t } = useReading();
  const { before, after } = change as { before?: unknown; after?: unknown };
  return (
    <div>
      <Text size="sm" fw={600} mb={6}>
        {t('audit.change')}
      </Text>
      {after === undefined ? <Values of={change} /> : <Difference before={before ?? null} after={after} />}
    </div>
  );
}
