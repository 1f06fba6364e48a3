import { Button, Group, Menu, Text } from '@mantine/core';
import { IconDots, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { waitingApprovals } from '../../approvals';
import { useReading } from '../../language';
import { Loaded } from '../../parts/loaded';
import { Page } from '../../parts/page';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { useMay, useSession } from '../../session';
import { Alone, approversOf } from './alone';
import { DisableDialog, NewOperatorDialog, ResetDialog, RolesDialog } from './operator-dialogs';

const route = getRouteApi('/operators');
type Operator = Schemas['Operator'];

/** The platform's people and what they may do. */
export function OperatorsPage() {
  const { t, format } = useReading();
  const may = useMay();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [asking, setAsking] = useState<{ what: 'roles' | 'reset' | 'disable'; operator: Operator } | { what: 'new' }>();
  const found = useQuery({ queryKey: ['operators'], queryFn: () => ask(() => client.GET('/v1/operators')) });
  const waiting = useQuery({ ...waitingApprovals, enabled: may('approvals:read') });
  const proposalOn = ({ id }: Operator) =>
    waiting.data?.data.find(({ kind, subject }) => kind === 'operator_roles' && subject === `operator:${id}`);
  const people = found.data?.data;
  const alone = people !== undefined && approversOf(people).length < 2;
  const acts = may('operators:write') || may('operator_roles:propose');
  const rolesText = ({ roles }: Operator): string =>
    roles.length === 0 ? t('operators.no_roles') : format.list(roles.map((role) => t(`operators.role_${role}`)));
  const columns: Column<Operator>[] = [
    { name: 'name', title: t('operators.name'), cell: ({ name }) => name },
    { name: 'email', title: t('session.email'), cell: ({ email }) => email },
    {
      name: 'roles',
      title: t('operators.roles'),
      cell: (operator) => {
        const proposal = proposalOn(operator);
        return (
          <>
            {rolesText(operator)}
            {proposal && (
              <Text size="xs">
                <Link to="/approvals/$approvalId" params={{ approvalId: proposal.id }}>
                  {t('operators.roles_waiting')}
                </Link>
              </Text>
            )}
          </>
        );
      },
      text: rolesText,
    },
    {
      name: 'state',
      title: t('operators.state'),
      cell: (operator) => {
        const state = stateOf(operator);
        const tone = { active: 'good', invited: 'warn', disabled: 'calm' } as const;
        return <State tone={tone[state]}>{t(`operators.state_${state}`)}</State>;
      },
      text: (operator) => t(`operators.state_${stateOf(operator)}`),
    },
    { name: 'created', title: t('operators.created_at'), cell: ({ created_at: at }) => format.minute(at) },
    ...(acts
      ? [
          {
            name: 'acts',
            title: t('common.actions'),
            cell: (operator: Operator) =>
              operator.disabled_at === null && (
                <Acts operator={operator} onAsk={(what) => setAsking({ what, operator })} />
              ),
          },
        ]
      : []),
  ];
  const close = () => setAsking(undefined);
  return (
    <Page
      title={t('operators.title')}
      lead={t('operators.lead')}
      actions={
        may('operators:write') && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAsking({ what: 'new' })}>
            {t('operators.new')}
          </Button>
        )
      }
    >
      {alone && <Alone people={people} />}
      <div className="panel">
        <Loaded query={found}>
          {({ data }) => (
            <Rows
              label={t('operators.title')}
              columns={columns}
              rows={data}
              keyOf={({ id }) => id}
              whole="operators"
              findable
              sort={search.sort}
              onSort={(sort) => void navigate({ search: { sort } })}
            />
          )}
        </Loaded>
      </div>
      {asking?.what === 'new' && <NewOperatorDialog warning={alone && <Alone people={people} />} onClose={close} />}
      {asking?.what === 'roles' && <RolesDialog operator={asking.operator} onClose={close} />}
      {asking?.what === 'reset' && <ResetDialog operator={asking.operator} onClose={close} />}
      {asking?.what === 'disable' && <DisableDialog operator={asking.operator} onClose={close} />}
    </Page>
  );
}

const stateOf = (operator: Operator): 'active' | 'invited' | 'disabled' =>
  operator.disabled_at !== null
    ? 'disabled'
    : operator.second_factor_enrolled && !operator.password_expired
      ? 'active'
      : 'invited';

function Acts({ operator, onAsk }: { operator: Operator; onAsk: (what: 'roles' | 'reset' | 'disable') => void }) {
  const { t } = useReading();
  const may = useMay();
  const { operator: self } = useSession();
  const other = operator.id !== self.id;
  return (
    <Group>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <Button size="compact-xs" variant="default" aria-label={t('operators.actions_on', { name: operator.name })}>
            <IconDots size={15} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {may('operator_roles:propose') && (
            <Menu.Item onClick={() => onAsk('roles')}>{t('operators.propose_roles')}</Menu.Item>
          )}
          {may('operators:write') && other && operator.second_factor_enrolled && (
            <Menu.Item onClick={() => onAsk('reset')}>{t('operators.reset')}</Menu.Item>
          )}
          {may('operators:write') && (
            <Menu.Item c="var(--console-bad)" onClick={() => onAsk('disable')}>
              {t('operators.disable')}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
