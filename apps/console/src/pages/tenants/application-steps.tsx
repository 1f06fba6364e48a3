import { Button, Group, Stack, Stepper } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { Refused, type Schemas } from '../../api';
import { useReading } from '../../language';
import { ProblemPanel } from '../../parts/problem';
import { applicationOf, type Application, corporateNumberFault, type Draft, STEPS, stepOf } from './application-draft';
import { ApplicationFacts, ContactsStep, OrganisationStep, ServiceStep } from './application-form';

const FORMS = [OrganisationStep, ContactsStep, ServiceStep] as const;
const LAST = STEPS.length;

interface ApplicationStepsProps {
  begin: Draft;
  filing: UseMutationResult<Schemas['FiledApplication'], Error, Application>;
  submit: string;
  onCancel: () => void;
}

/** The application step by step, read once more, then sent. A refusal leads back to the first step with a fault. */
export function ApplicationSteps({ begin, filing, submit, onCancel }: ApplicationStepsProps) {
  const { t } = useReading();
  const [draft, setDraft] = useState(begin);
  const [step, setStep] = useState(0);
  const [checked, setChecked] = useState(false);
  const Form = FORMS[step];
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (step === 0 && corporateNumberFault(draft) !== undefined) {
      setChecked(true);
      return;
    }
    if (step < LAST) {
      setStep(step + 1);
      return;
    }
    filing.mutate(applicationOf(draft), {
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
        {filing.isError && <ProblemPanel error={filing.error} shown={(field) => stepOf([field]) === step} />}
        {Form ? (
          <Form draft={draft} onDraft={setDraft} error={filing.error} checked={checked} />
        ) : (
          <ApplicationFacts draft={draft} />
        )}
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
