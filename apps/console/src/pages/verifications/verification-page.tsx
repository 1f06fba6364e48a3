import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';
import { Empty, Loaded } from '../../parts/loaded';
import { Facts, Page, Panel } from '../../parts/page';
import { ModeState, Outcome } from '../../parts/state';
import { TenantName } from '../approvals/subject';
import { useMay } from '../../session';
import { BilledVerification } from '../billing/billed-verification';
import { VerificationUsage } from '../billing/verification-usage';
import { HoldsPanel } from '../holds/holds-panel';
import { Attempt } from './attempt';
import { EvidencePanel } from './evidence-panel';
import { HolderPanel } from './holder-panel';
import { Issuer, UsedKey } from './named';
import { Steps } from './steps';

const route = getRouteApi('/verifications/$verificationId');
type Explanation = Schemas['Explanation'];

/** A verification as whoever is there may see it: whole, or as far as a bill is held against it. */
export function VerificationPage() {
  const may = useMay();
  const { verificationId } = route.useParams();
  return may('verifications:read') ? <Whole id={verificationId} /> : <BilledVerification id={verificationId} />;
}

/** Why it was decided so, step by step. */
function Whole({ id }: { id: string }) {
  const { t } = useReading();
  const found = useQuery({
    queryKey: ['verification', id],
    queryFn: () => ask(() => client.GET('/v1/verifications/{id}', { params: { path: { id } } })),
    // What was decided does not change, and each look is an audit event.
    staleTime: Infinity,
  });
  return (
    <Page
      title={t('verifications.verification')}
      crumbs={[{ label: t('verifications.title'), to: '/verifications' }]}
      beside={found.data && <Outcome outcome={found.data.outcome} />}
      lead={<Copyable text={id} />}
    >
      <Loaded query={found}>{(explanation) => <Explained explanation={explanation} />}</Loaded>
    </Page>
  );
}

function Explained({ explanation }: { explanation: Explanation }) {
  const { t, format } = useReading();
  const { certificate, signature } = explanation;
  return (
    <Stack>
      <Panel title={t('verifications.steps')}>
        <Steps explanation={explanation} />
      </Panel>
      <Panel title={t('verifications.revocation')}>
        {explanation.revocation_attempts.length === 0 ? (
          <Empty>{t('verifications.not_asked')}</Empty>
        ) : (
          explanation.revocation_attempts.map((attempt, index) => <Attempt key={index} attempt={attempt} />)
        )}
      </Panel>
      <Panel title={t('verifications.facts')}>
        <Facts
          facts={[
            [t('verifications.kind'), t(`verifications.kind_${explanation.kind}`)],
            [t('tenants.tenant'), <TenantName id={explanation.tenant_id} />],
            [t('common.mode'), <ModeState mode={explanation.mode} />],
            [t('verifications.reference'), explanation.reference ?? '—'],
            [t('verifications.decided_at'), format.time(explanation.decided_at)],
            [t('verifications.recorded_at'), format.time(explanation.recorded_at)],
            [t('verifications.api_key'), <UsedKey of={explanation} />],
          ]}
        />
      </Panel>
      <Panel title={t('verifications.certificate')}>
        <Facts
          facts={[
            [t('verifications.certificate_kind'), t(`verifications.certificate_${certificate.kind}`)],
            [
              t('verifications.validity'),
              `${format.minute(certificate.not_before)} – ${format.minute(certificate.not_after)}`,
            ],
            [
              t('verifications.issuer'),
              certificate.issuer_fingerprint === null ? (
                '—'
              ) : (
                <Issuer fingerprint={certificate.issuer_fingerprint} mode={explanation.mode} />
              ),
            ],
            [t('verifications.signature_format'), signature.format === 'cms' ? 'CMS' : t('verifications.raw')],
            [
              t('verifications.algorithm'),
              [signature.padding, signature.digest_algorithm].filter(Boolean).join(' · ') || '—',
            ],
            [t('verifications.signing_time'), format.time(signature.signing_time)],
          ]}
        />
      </Panel>
      <VerificationUsage id={explanation.id} />
      <HolderPanel id={explanation.id} />
      <EvidencePanel id={explanation.id} />
      <HoldsPanel of={explanation} />
    </Stack>
  );
}
