import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';
import { Facts } from '../../parts/page';
import { State, type Tone } from '../../parts/state';
import { useFindings } from './findings';

type Found = Schemas['Explanation']['revocation_attempts'][number];

const STATUSES = ['good', 'revoked', 'unknown', 'stale', 'unavailable', 'unsupported'] as const;
const TONES: Record<(typeof STATUSES)[number], Tone> = {
  good: 'good',
  revoked: 'bad',
  unknown: 'warn',
  stale: 'warn',
  unavailable: 'warn',
  unsupported: 'calm',
};

/** One attempt to learn whether the certificate was revoked, and what the answer rests on. */
export function Attempt({ attempt }: { attempt: Found }) {
  const { t, format } = useReading();
  const findings = useFindings();
  const status = STATUSES.find((each) => each === attempt.status);
  return (
    <Facts
      facts={[
        [t('verifications.method'), t(`verifications.method_${attempt.method}`)],
        [
          t('verifications.status'),
          status ? <State tone={TONES[status]}>{t(`verifications.status_${status}`)}</State> : attempt.status,
        ],
        ...(attempt.revoked_at === null
          ? []
          : [
              [t('verifications.revoked_at'), format.time(attempt.revoked_at)] as const,
              [
                t('verifications.revocation_reason'),
                attempt.reason === null ? '—' : findings.revocationReason(attempt.reason),
              ] as const,
            ]),
        ...(attempt.crl_number === null
          ? []
          : [[t('verifications.crl_number'), <span className="numbers">{attempt.crl_number}</span>] as const]),
        [t('verifications.this_update'), format.time(attempt.this_update)],
        [t('verifications.next_update'), format.time(attempt.next_update)],
        ...(attempt.produced_at === null
          ? []
          : [[t('verifications.produced_at'), format.time(attempt.produced_at)] as const]),
        [t('verifications.source'), attempt.source_sha256 === null ? '—' : <Copyable text={attempt.source_sha256} />],
        ...(attempt.detail === null ? [] : [[t('verifications.detail'), findings.detail(attempt.detail)] as const]),
      ]}
    />
  );
}
