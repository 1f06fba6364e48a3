import { Button, Group, Stack, Stepper } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { Refused, type Schemas } from '../../api';
import { useReading } from '../../language';
import { fieldError, ProblemPanel } from '../../parts/problem';
import { isTextKey } from '../../texts';
import { applicationOf, type Application, type Draft, STEPS, stepOf, valueAt } from './application-draft';
import { faultsOf, tidied } from './application-faults';
import { ApplicationFacts, ContactsStep, OrganisationStep, ServiceStep } from './application-form';

const FORMS = [OrganisationStep, ContactsStep, ServiceStep] as const;
const LAST = STEPS.length;

interface ApplicationStepsProps {
  begin: Draft;
  filing: UseMutationResult<Schemas['FiledApplication'], Error, Application>;
  submit: string;
  onCancel: () => void;
}

/**
 * The application step by step, read once more, then sent. What can be told to be wrong is told before one goes on; a refusal
 * leads back to the first step with a fault.
 */
export function ApplicationSteps({ begin, filing, submit, onCancel }: ApplicationStepsProps) {
  const { t, language } = useReading();
  const [draft, setDraft] = useState(begin);
  const [step, setStep] = useState(0);
  // Where one wanted to go on from: what is mistyped there is told from then on.
  const [checked, setChecked] = useState<number>();
  const Form = FORMS[step];
  const tidy = tidied(draft);
  const faults = faultsOf(tidy);
  const faultOf = (field: string): string | undefined => {
    const fault = checked === step ? faults[field] : undefined;
    if (fault !== undefined) return t(`application.fault_${fault}`);
    // What the server refused, until it is changed.
    const sent = filing.variables;
    const same = sent && JSON.stringify(valueAt(sent, field)) === JSON.stringify(valueAt(applicationOf(tidy), field));
    return same ? fieldError(filing.error, field, language) : undefined;
  };
  const nameOf = (field: string): string => {
    const [area = '', index, part] = field.split('.');
    const key = area === 'contacts' ? `application.contact_${part ?? ''}` : `application.field_${index ?? area}`;
    const name = isTextKey(key) ? t(key) : undefined;
    if (area !== 'contacts') return name ?? field;
    const number = index === undefined ? undefined : t('application.contact_number', { number: Number(index) + 1 });
    return [number ?? t('application.step_contacts'), name].filter(Boolean).join(' ');
  };
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (step < LAST && Object.keys(faults).some((field) => stepOf([field]) === step)) {
      setChecked(step);
      return;
    }
    if (step < LAST) {
      setStep(step + 1);
      return;
    }
    filing.mutate(applicationOf(tidy), {
      onError: (error) => {
        const faulty = error instanceof Refused ? stepOf((error.problem.errors ?? []).map(({ field }) => field)) : -1;
        if (faulty >= 0) setStep(faulty);
      },
    });
  };
  return (
    <form onSubmit={onSubmit} noValidate={step === LAST}>
      <Stack gap="lg">
        <Stepper active={step} onStepClick={(to) => to < step && setStep(to)} size="sm" iconSize={30}>
          {STEPS.map(({ name }) => (
            <Stepper.Step key={name} label={t(`application.step_${name}`)} />
          ))}
          <Stepper.Step label={t('application.step_confirm')} />
        </Stepper>
        {filing.isError && (
          <ProblemPanel error={filing.error} shown={(field) => stepOf([field]) === step} nameOf={nameOf} />
        )}
        {Form ? <Form draft={draft} onDraft={setDraft} faultOf={faultOf} /> : <ApplicationFacts draft={draft} />}
        <Group justify="space-between">
          <Button variant="subtle" onClick={onCancel}>
            {t('common.cancel')}
          </Button>
          <Group gap="xs">
            {step > 0 && (
              <Button variant="default" onClick={() => setStep(step - 1)}>
                {t('common.back')}
              </Button>
            )}
            <Button type="submit" loading={filing.isPending}>
              {step < LAST ? t('common.next') : submit}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
