import { Button, Group, NumberInput, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Panel } from '../../parts/page';
import { fieldError, ProblemPanel } from '../../parts/problem';
import { useToast } from '../../parts/toast';
import { useMay } from '../../session';

type Contract = Schemas['Contract'];
type Limits = Contract['limits'];
const CLASSES = [
  'verification',
  'challenge',
  'jlis_service',
  'read',
  'manage',
] as const satisfies readonly (keyof Limits)[];
const BOUNDS = ['per_second', 'per_month'] as const;

/** As it is typed; empty: no bound. */
type Draft = Record<(typeof CLASSES)[number], Record<(typeof BOUNDS)[number], string | number>>;

const draftOf = (limits: Limits): Draft =>
  Object.fromEntries(
    CLASSES.map((each) => [each, { per_second: limits[each].per_second, per_month: limits[each].per_month ?? '' }]),
  ) as Draft;

/** Only what differs. A month may be left empty; a number that is none goes along as one the server refuses by name. */
function changeOf(draft: Draft, limits: Limits): NonNullable<Schemas['ContractChange']['limits']> {
  const changes = CLASSES.map((each) => {
    const { per_second: second, per_month: month } = draft[each];
    const wanted = {
      per_second: second === '' ? 0 : Number(second),
      per_month: month === '' ? null : Number(month),
    };
    const changed = BOUNDS.filter((bound) => wanted[bound] !== limits[each][bound]);
    return [each, Object.fromEntries(changed.map((bound) => [bound, wanted[bound]]))] as const;
  });
  return Object.fromEntries(changes.filter(([, change]) => Object.keys(change).length > 0));
}

/** How much a tenant may ask in a second and in a month. One operator changes it: a limit may have to be changed at once. */
export function LimitsPanel({ tenant, contract }: { tenant: Schemas['TenantDetail']; contract: Contract }) {
  const { t, language, format } = useReading();
  const may = useMay();
  const toast = useToast();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(contract.limits));
  const change = changeOf(draft, contract.limits);
  const nothing = Object.keys(change).length === 0;
  const saving = useMutation({
    mutationFn: () =>
      ask(() =>
        client.PATCH('/v1/tenants/{id}/contracts/{mode}', {
          params: { path: { id: tenant.id, mode: contract.mode } },
          body: { limits: change },
        }),
      ),
    onSuccess: async () => {
      toast(t('contract.limits_saved', { name: tenant.name }));
      await queries.invalidateQueries({ queryKey: ['tenant', tenant.id] });
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    saving.mutate();
  };
  const editable = may('tenants:write');
  const shownAs = (value: string | number): string =>
    value === '' ? t('contract.no_limit') : format.number(Number(value));
  return (
    <form onSubmit={submit}>
      <Panel title={t('contract.limits')}>
        <Text size="sm" px="md" py="sm">
          {t('contract.limits_lead')}
        </Text>
        <div className="scroll" role="group" tabIndex={0} aria-label={t('contract.limits')}>
          <Table className="table" miw={360}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('contract.endpoints')}</Table.Th>
                {BOUNDS.map((bound) => (
                  <Table.Th key={bound} w={{ base: 110, sm: 190 }} ta={editable ? undefined : 'right'}>
                    {t(`contract.bound_${bound}`)}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {CLASSES.map((each) => (
                <Table.Tr key={each}>
                  <Table.Td>
                    {t(`contract.class_${each}`)}
                    <Text size="xs" c="dimmed">
                      {t(`contract.class_${each}_hint`)}
                    </Text>
                  </Table.Td>
                  {BOUNDS.map((bound) => (
                    <Table.Td key={bound} ta={editable ? undefined : 'right'} className="numbers">
                      {editable ? (
                        <NumberInput
                          aria-label={`${t(`contract.class_${each}`)} ${t(`contract.bound_${bound}`)}`}
                          hideControls
                          allowNegative={false}
                          decimalScale={0}
                          thousandSeparator=","
                          placeholder={bound === 'per_month' ? t('contract.no_limit') : undefined}
                          value={draft[each][bound]}
                          error={fieldError(saving.error, `limits.${each}.${bound}`, language)}
                          onChange={(value) => setDraft({ ...draft, [each]: { ...draft[each], [bound]: value } })}
                        />
                      ) : (
                        shownAs(draft[each][bound])
                      )}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
        {editable && (
          <Stack p="md">
            {saving.isError && <ProblemPanel error={saving.error} shown={(field) => field.startsWith('limits.')} />}
            <Group justify="flex-end">
              <Button variant="default" disabled={nothing} onClick={() => setDraft(draftOf(contract.limits))}>
                {t('common.undo')}
              </Button>
              <Button type="submit" disabled={nothing} loading={saving.isPending}>
                {t('contract.limits_save')}
              </Button>
            </Group>
          </Stack>
        )}
      </Panel>
    </form>
  );
}
