import { Code, Group, Stack, Text } from '@mantine/core';
import { IconCircleCheck, IconCircleDashed, IconCircleX, IconHelpCircle } from '@tabler/icons-react';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { State } from '../../parts/state';
import { isTextKey } from '../../texts';
import { useFindings } from './findings';

type Explanation = Schemas['Explanation'];
type Step = Schemas['ExplainedStep'];

/** The checks in their order, each with what it found. */
export function Steps({ explanation }: { explanation: Pick<Explanation, 'outcome' | 'steps'> }) {
  return (
    <ol style={{ listStyle: 'none', margin: 0, padding: 0 }}>
      {explanation.steps.map((step, index) => (
        <li key={step.check} style={{ borderTop: index === 0 ? undefined : '1px solid var(--console-line)' }}>
          <OneStep step={step} number={index + 1} undecided={explanation.outcome === 'indeterminate'} />
        </li>
      ))}
    </ol>
  );
}

function OneStep({ step, number, undecided }: { step: Step; number: number; undecided: boolean }) {
  const { t, language } = useReading();
  const why = ({ code, message, remedy }: Step['reasons'][number]): string => {
    const key = `reasons.why_${code}`;
    return isTextKey(key) ? t(key) : `${message} ${remedy}`;
  };
  return (
    <Group p="md" gap="md" align="flex-start" wrap="nowrap">
      <Mark step={step} undecided={undecided} />
      <Stack gap={6} style={{ flex: 1 }}>
        <Group gap="sm">
          <Text fw={650} size="sm">
            {number}. {step.title[language]}
          </Text>
          <Result step={step} undecided={undecided} />
        </Group>
        <Text size="sm" c="dimmed">
          {t(`verifications.about_${step.check}`)}
        </Text>
        {step.reasons.map((reason) => (
          <Stack key={reason.code} gap={4} pl="md" style={{ borderLeft: '3px solid var(--console-line)' }}>
            <Text size="sm">
              {why(reason)} <Code>{reason.code}</Code>
            </Text>
            <Operands operands={reason.operands} />
            <Text size="xs" c="dimmed">
              {t('verifications.told_to_holder', { words: reason.user_message[language] })}
            </Text>
          </Stack>
        ))}
      </Stack>
    </Group>
  );
}

function Mark({ step, undecided }: { step: Step; undecided: boolean }) {
  if (step.result === 'passed') return <IconCircleCheck size={22} aria-hidden className="tone-good" />;
  if (step.result === 'not_run') return <IconCircleDashed size={22} aria-hidden opacity={0.6} />;
  return undecided ? (
    <IconHelpCircle size={22} aria-hidden className="tone-warn" />
  ) : (
    <IconCircleX size={22} aria-hidden className="tone-bad" />
  );
}

function Result({ step, undecided }: { step: Step; undecided: boolean }) {
  const { t } = useReading();
  if (step.result === 'failed' && undecided) return <State tone="warn">{t('verifications.undecided')}</State>;
  const tone = { passed: 'good', failed: 'bad', not_run: 'calm' } as const;
  return <State tone={tone[step.result]}>{t(`verifications.result_${step.result}`)}</State>;
}

/** What a reason is about. */
function Operands({ operands }: { operands: Record<string, string | number> }) {
  const { operand } = useFindings();
  const entries = Object.entries(operands);
  if (entries.length === 0) return null;
  return (
    <Text size="xs" c="dimmed" className="numbers">
      {entries.map(([name, value]) => operand(name, value)).join(' · ')}
    </Text>
  );
}
