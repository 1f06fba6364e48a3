import { Button, Checkbox, Group, NumberInput, Select, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { ask, client, Refused, type Schemas } from '../../api';
import { useReading } from '../../language';
import { type Mode, ModeChoice } from '../../parts/mode-choice';
import { Facts, Panel } from '../../parts/page';
import { fieldError, ProblemPanel } from '../../parts/problem';
import { useMay } from '../../session';
import { type ContractDraft, changeOf, DISCLOSURES, FLAGS, METHODS, PURPOSES, draftOf } from './contract-draft';
import { useToast } from '../../parts/toast';
import { LimitsPanel } from './limits-panel';
import { hasGoneLive, ProposeContract, TwoPeople } from './propose-contract';

type Contract = Schemas['Contract'];

interface ContractTabProps {
  tenant: Schemas['TenantDetail'];
  mode: Mode;
  onMode: (mode: Mode) => void;
}

/** What the contract of each mode includes. */
export function ContractTab({ tenant, mode, onMode }: ContractTabProps) {
  const may = useMay();
  const contract = tenant.contracts.find((each) => each.mode === mode)!;
  return (
    <Stack>
      <ModeChoice mode={mode} onMode={onMode} />
      {may('tenants:write') ? (
        <ContractForm key={`${mode} ${JSON.stringify(contract)}`} tenant={tenant} contract={contract} />
      ) : (
        <ContractFacts contract={contract} />
      )}
      <LimitsPanel key={`${mode} ${JSON.stringify(contract.limits)}`} tenant={tenant} contract={contract} />
    </Stack>
  );
}

function ContractFacts({ contract }: { contract: Contract }) {
  const { t, format } = useReading();
  const yes = (on: boolean): string => t(on ? 'common.yes' : 'common.no');
  const listed = (words: string[]): string => (words.length === 0 ? t('common.none') : format.list(words));
  return (
    <Panel title={t('contract.features')}>
      <Facts
        facts={[
          [
            t('contract.revocation_methods'),
            listed(contract.revocation_methods.map((each) => t(`contract.method_${each}`))),
          ],
          ...FLAGS.map((flag) => [t(`contract.flag_${flag}`), yes(contract[flag])] as const),
          [t('contract.disclosure'), t(`contract.disclosure_${contract.disclosure}`)],
          [t('contract.allowed_ages'), listed(contract.allowed_ages.map(String))],
          [t('contract.age_dates'), listed(contract.age_dates)],
          [t('contract.age_questions_a_year'), format.number(contract.age_questions_a_year)],
          [t('contract.sign_up_consent'), contract.sign_up_consent?.text_version ?? t('common.none')],
        ]}
      />
    </Panel>
  );
}

function ContractForm({ tenant, contract }: { tenant: Schemas['TenantDetail']; contract: Contract }) {
  const { t, language } = useReading();
  const toast = useToast();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(contract));
  const change = changeOf(draft, contract);
  const nothing = Object.keys(change).length === 0;
  const [proposing, setProposing] = useState(false);
  const twoPeople = contract.mode === 'live' && hasGoneLive(tenant);
  const saving = useMutation({
    mutationFn: () =>
      ask(() =>
        client.PATCH('/v1/tenants/{id}/contracts/{mode}', {
          params: { path: { id: tenant.id, mode: contract.mode } },
          body: change,
        }),
      ),
    // It has gone live meanwhile, or was live before it was terminated.
    onError: (error) => setProposing(error instanceof Refused && error.problem.code === 'contract_needs_approval'),
    onSuccess: async () => {
      toast(t('contract.saved', { name: tenant.name }));
      await queries.invalidateQueries({ queryKey: ['tenant', tenant.id] });
    },
  });
  const put = (part: Partial<ContractDraft>): void => setDraft({ ...draft, ...part });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (twoPeople) setProposing(true);
    else saving.mutate();
  };
  const error = (field: string) => fieldError(saving.error, field, language);
  return (
    <form onSubmit={submit}>
      <Panel title={t('contract.features')} padded>
        {twoPeople && <TwoPeople tenant={tenant} />}
        <Checkbox.Group
          label={t('contract.revocation_methods')}
          value={draft.methods}
          onChange={(methods) => put({ methods })}
          error={error('revocation_methods')}
        >
          <Group mt={6}>
            {METHODS.map((method) => (
              <Checkbox key={method} value={method} label={t(`contract.method_${method}`)} />
            ))}
          </Group>
        </Checkbox.Group>
        {FLAGS.map((flag) => (
          <Switch
            key={flag}
            label={t(`contract.flag_${flag}`)}
            description={t(`contract.flag_${flag}_hint`)}
            checked={draft[flag]}
            onChange={(event) => put({ [flag]: event.currentTarget.checked })}
          />
        ))}
        <Select
          label={t('contract.disclosure')}
          description={t('contract.disclosure_hint')}
          data={DISCLOSURES.map((each) => ({ value: each, label: t(`contract.disclosure_${each}`) }))}
          allowDeselect={false}
          value={draft.disclosure}
          error={error('disclosure')}
          onChange={(disclosure) => put({ disclosure: disclosure ?? draft.disclosure })}
        />
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <TextInput
            label={t('contract.allowed_ages')}
            description={t('contract.allowed_ages_hint')}
            value={draft.ages}
            error={error('allowed_ages') ?? error('allowed_ages.0')}
            onChange={(event) => put({ ages: event.currentTarget.value })}
          />
          <TextInput
            label={t('contract.age_dates')}
            description={t('contract.age_dates_hint')}
            value={draft.dates}
            error={error('age_dates') ?? error('age_dates.0')}
            onChange={(event) => put({ dates: event.currentTarget.value })}
          />
          <NumberInput
            label={t('contract.age_questions_a_year')}
            description={t('contract.age_questions_a_year_hint')}
            min={1}
            max={100}
            hideControls
            value={draft.questions}
            error={error('age_questions_a_year')}
            onChange={(questions) => put({ questions })}
          />
        </SimpleGrid>
        <Switch
          label={t('contract.sign_up_consent')}
          description={t('contract.sign_up_consent_hint')}
          checked={draft.consent}
          onChange={(event) => put({ consent: event.currentTarget.checked })}
        />
        {draft.consent && (
          <Group align="flex-start" ml="xl">
            <TextInput
              label={t('contract.text_version')}
              required
              maxLength={64}
              value={draft.textVersion}
              error={error('sign_up_consent.text_version')}
              onChange={(event) => put({ textVersion: event.currentTarget.value })}
            />
            <Checkbox.Group
              label={t('contract.purposes')}
              value={draft.purposes}
              onChange={(purposes) => put({ purposes })}
            >
              <Group mt={6}>
                {PURPOSES.map((purpose) => (
                  <Checkbox key={purpose} value={purpose} label={t(`contract.purpose_${purpose}`)} />
                ))}
              </Group>
            </Checkbox.Group>
          </Group>
        )}
        {saving.isError && <ProblemPanel error={saving.error} />}
        <Group justify="flex-end">
          <Button variant="default" disabled={nothing} onClick={() => setDraft(draftOf(contract))}>
            {t('common.undo')}
          </Button>
          <Button type="submit" disabled={nothing} loading={saving.isPending}>
            {t(twoPeople ? 'common.propose' : 'common.save')}
          </Button>
        </Group>
      </Panel>
      {proposing && (
        <ProposeContract
          tenant={tenant}
          contract={contract}
          change={change}
          onProposed={() => setDraft(draftOf(contract))}
          onClose={() => setProposing(false)}
        />
      )}
    </form>
  );
}
