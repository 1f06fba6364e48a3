import {
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconHelpCircle,
  IconMinus,
  IconPointFilled,
} from '@tabler/icons-react';
import type { Schemas } from '../api';
import { useReading } from '../language';

export type Tone = 'good' | 'bad' | 'warn' | 'info' | 'calm';
const ICONS = {
  good: IconCircleCheck,
  bad: IconCircleX,
  warn: IconClock,
  info: IconPointFilled,
  calm: IconMinus,
} as const;

/** A state in a word; never by colour alone. */
export function State({ tone, children }: { tone: Tone; children: string }) {
  const Icon = ICONS[tone];
  return (
    <span className="state" data-tone={tone}>
      <Icon size={13} aria-hidden />
      {children}
    </span>
  );
}

const TENANT_TONES: Record<Schemas['Tenant']['state'], Tone> = {
  applied: 'info',
  in_review: 'warn',
  rejected: 'bad',
  test: 'info',
  notified: 'warn',
  live: 'good',
  suspended: 'bad',
  terminated: 'calm',
};

export function TenantState({ state }: { state: Schemas['Tenant']['state'] }) {
  const { t } = useReading();
  return <State tone={TENANT_TONES[state]}>{t(`tenants.state_${state}`)}</State>;
}

const APPROVAL_TONES: Record<Schemas['Approval']['state'], Tone> = {
  proposed: 'warn',
  approved: 'info',
  executed: 'good',
  refused: 'bad',
  expired: 'calm',
};

export function ApprovalState({ state }: { state: Schemas['Approval']['state'] }) {
  const { t } = useReading();
  return <State tone={APPROVAL_TONES[state]}>{t(`approvals.state_${state}`)}</State>;
}

export function Outcome({ outcome }: { outcome: Schemas['FoundVerification']['outcome'] }) {
  const { t } = useReading();
  if (outcome === 'indeterminate')
    return (
      <span className="state" data-tone="warn">
        <IconHelpCircle size={13} aria-hidden />
        {t('verifications.outcome_indeterminate')}
      </span>
    );
  return <State tone={outcome === 'valid' ? 'good' : 'bad'}>{t(`verifications.outcome_${outcome}`)}</State>;
}

export function ModeState({ mode }: { mode: 'live' | 'test' }) {
  const { t } = useReading();
  return <State tone={mode === 'live' ? 'good' : 'info'}>{t(`common.mode_${mode}`)}</State>;
}
