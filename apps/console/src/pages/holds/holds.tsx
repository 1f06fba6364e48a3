import { Button, Radio, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Actor } from '../../parts/actor';
import { Copyable, shortId } from '../../parts/copy';
import { ModeState, State } from '../../parts/state';
import type { Column } from '../../parts/table';
import { useMay } from '../../session';
import { TenantName } from '../approvals/subject';

type Hold = Schemas['LegalHold'];
const HOLDS = ['legal-holds'];

/** What is said of legal holds, each with the way to end it; and the window that asks once more. */
export function useHolds(): { columns: Column<Hold>[]; asking: ReactNode } {
  const { t, format } = useReading();
  const may = useMay();
  const queries = useQueryClient();
  const [lifting, setLifting] = useState<Hold>();
  const columns: Column<Hold>[] = [
    { name: 'id', title: 'ID', cell: ({ id }) => <Copyable text={id} shown={shortId(id)} />, text: ({ id }) => id },
    {
      name: 'tenant',
      title: t('tenants.tenant'),
      cell: ({ tenant_id: id }) => <TenantName id={id} />,
      text: ({ tenant_id: id }) => id,
    },
    {
      name: 'mode',
      title: t('common.mode'),
      cell: ({ mode }) => <ModeState mode={mode} />,
      text: ({ mode }) => t(`common.mode_${mode}`),
    },
    {
      name: 'scope',
      title: t('holds.scope'),
      cell: (hold) => <Scope hold={hold} />,
      text: ({ verification_id: verification, person_id: person }) => verification ?? person ?? t('holds.scope_tenant'),
    },
    { name: 'reason', title: t('common.reason'), cell: ({ reason }) => reason },
    {
      name: 'placed',
      title: t('holds.placed'),
      cell: ({ placed_by: by, placed_at: at }) => <Who by={by} at={format.minute(at)} />,
      text: ({ placed_by: by, placed_at: at }) => `${format.minute(at)} ${by}`,
    },
    {
      name: 'state',
      title: t('holds.state'),
      cell: ({ lifted_at: at }) => (
        <State tone={at === null ? 'warn' : 'calm'}>{t(at === null ? 'holds.state_open' : 'holds.state_lifted')}</State>
      ),
      text: ({ lifted_at: at }) => t(at === null ? 'holds.state_open' : 'holds.state_lifted'),
    },
    {
      name: 'lifted',
      title: t('holds.lifted'),
      cell: (hold) =>
        hold.lifted_by !== null ? (
          <>
            <Who by={hold.lifted_by} at={format.minute(hold.lifted_at)} />
            <Text size="xs">{hold.lift_reason}</Text>
          </>
        ) : (
          may('holds:write') && (
            <Button
              size="compact-xs"
              variant="default"
              c="var(--console-bad)"
              aria-label={t('holds.lift_of', { id: shortId(hold.id) })}
              onClick={() => setLifting(hold)}
            >
              {t('holds.lift')}
            </Button>
          )
        ),
      text: ({ lifted_by: by, lifted_at: at, lift_reason: why }) =>
        by === null ? null : `${format.minute(at)} ${by} ${why ?? ''}`,
    },
  ];
  return {
    columns,
    asking: lifting && (
      <Confirm
        title={t('holds.lift_title')}
        thing={lifting.reason}
        confirm={t('holds.lift')}
        danger
        words={{ field: 'reason', label: t('common.reason'), required: true }}
        act={async (reason) => {
          const path = { id: lifting.id };
          await ask(() => client.POST('/v1/legal-holds/{id}/lift', { params: { path }, body: { reason } }));
          await queries.invalidateQueries({ queryKey: HOLDS });
        }}
        done={t('holds.lift_done')}
        onClose={() => setLifting(undefined)}
      >
        <Text size="sm">{t('holds.lift_effect')}</Text>
      </Confirm>
    ),
  };
}

function Scope({ hold: { person_id: person, verification_id: verification } }: { hold: Hold }) {
  const { t } = useReading();
  if (verification !== null)
    return (
      <>
        {t('holds.scope_verification')}{' '}
        <Link to="/verifications/$verificationId" params={{ verificationId: verification }} className="within-words">
          {shortId(verification)}
        </Link>
      </>
    );
  if (person !== null)
    return (
      <>
        {t('holds.scope_person')} <Copyable text={person} shown={shortId(person)} />
      </>
    );
  return <>{t('holds.scope_tenant')}</>;
}

function Who({ by, at }: { by: string; at: string }) {
  return (
    <>
      <Actor name={by} />
      <Text size="xs" c="dimmed" className="numbers">
        {at}
      </Text>
    </>
  );
}

interface PlaceProps {
  tenantId: string;
  mode: Hold['mode'];
  /** Where one verification is in question: it alone, or everything of its tenant. */
  verificationId?: string;
  onClose: () => void;
}

/** Keeps something beyond its time, for a reason. */
export function PlaceHold({ tenantId, mode, verificationId, onClose }: PlaceProps) {
  const { t } = useReading();
  const queries = useQueryClient();
  const [all, setAll] = useState(verificationId === undefined);
  return (
    <Confirm
      title={t('holds.place')}
      thing={verificationId ?? tenantId}
      confirm={t('holds.place')}
      words={{ field: 'reason', label: t('common.reason'), required: true }}
      act={async (reason) => {
        const of = all || verificationId === undefined ? {} : { verification_id: verificationId };
        const body = { tenant_id: tenantId, mode, reason, ...of };
        await ask(() => client.POST('/v1/legal-holds', { body }));
        await queries.invalidateQueries({ queryKey: HOLDS });
      }}
      done={t('holds.place_done')}
      onClose={onClose}
    >
      <Text size="sm">{t('holds.place_effect')}</Text>
      {verificationId !== undefined && (
        <Radio.Group
          label={t('holds.scope')}
          value={all ? 'tenant' : 'this'}
          onChange={(value) => setAll(value === 'tenant')}
        >
          <Stack gap={6} mt={6}>
            <Radio value="this" label={t('holds.scope_this')} />
            <Radio value="tenant" label={t('holds.scope_tenant')} />
          </Stack>
        </Radio.Group>
      )}
    </Confirm>
  );
}
