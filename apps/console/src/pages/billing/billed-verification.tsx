import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';
import { Loaded } from '../../parts/loaded';
import { Facts, Page, Panel } from '../../parts/page';
import { ModeState, Outcome } from '../../parts/state';
import { TenantName } from '../approvals/subject';
import { VerificationUsage, verificationUsage } from './verification-usage';

/** A verification for whoever holds bills against it: that it was decided, when and for whom, not about whom. */
export function BilledVerification({ id }: { id: string }) {
  const { t, format } = useReading();
  const found = useQuery(verificationUsage(id));
  return (
    <Page
      title={t('verifications.verification')}
      crumbs={[{ label: t('statements.title'), to: '/statements' }]}
      beside={found.data && <Outcome outcome={found.data.verification.outcome} />}
      lead={<Copyable text={id} />}
    >
      <Loaded query={found}>
        {({ verification }) => (
          <Stack>
            <Panel title={t('verifications.facts')}>
              <Facts
                facts={[
                  [t('verifications.kind'), t(`verifications.kind_${verification.kind}`)],
                  [t('tenants.tenant'), <TenantName id={verification.tenant_id} />],
                  [t('common.mode'), <ModeState mode={verification.mode} />],
                  [t('verifications.decided_at'), format.time(verification.decided_at)],
                ]}
              />
            </Panel>
            <VerificationUsage id={id} />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}
