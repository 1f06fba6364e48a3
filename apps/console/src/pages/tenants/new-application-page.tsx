import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client } from '../../api';
import { useReading } from '../../language';
import { Page } from '../../parts/page';
import { type Application, emptyDraft } from './application-draft';
import { ApplicationSteps } from './application-steps';
import { useToast } from '../../parts/toast';

/** Files the application of a service provider, which makes the tenant. */
export function NewApplicationPage() {
  const { t, language } = useReading();
  const toast = useToast();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [begin] = useState(emptyDraft);
  const filing = useMutation({
    mutationFn: (body: Application) => ask(() => client.POST('/v1/applications', { body })),
    onSuccess: async ({ tenant, warnings }) => {
      toast(t('application.filed', { name: tenant.name }));
      for (const warning of warnings) toast(language === 'ja' ? warning.message_ja : warning.message, 'warning');
      await queries.invalidateQueries({ queryKey: ['tenants'] });
      await navigate({ to: '/tenants/$tenantId', params: { tenantId: tenant.id } });
    },
  });
  return (
    <Page
      title={t('application.new')}
      lead={t('application.new_lead')}
      crumbs={[{ label: t('tenants.title'), to: '/tenants' }]}
    >
      <div className="panel" style={{ padding: 24, maxWidth: 860 }}>
        <ApplicationSteps
          begin={begin}
          filing={filing}
          submit={t('application.file')}
          onCancel={() => void navigate({ to: '/tenants' })}
        />
      </div>
    </Page>
  );
}
