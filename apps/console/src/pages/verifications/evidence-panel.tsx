import { Button, Group, Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { download } from '../../parts/download';
import { Facts, Panel } from '../../parts/page';
import { Outcome, State } from '../../parts/state';
import { useMay } from '../../session';
import { Attempt } from './attempt';
import { Steps } from './steps';

type Reverification = Schemas['OperatorReverification'];
const AS_OF = ['then', 'now'] as const;

/** What is kept of the verification: taken away as a file, or judged once more. Either needs a reason. */
export function EvidencePanel({ id }: { id: string }) {
  const { t } = useReading();
  const may = useMay();
  const [asking, setAsking] = useState<'bundle' | 'reverify'>();
  const [asOf, setAsOf] = useState<(typeof AS_OF)[number]>('then');
  const [found, setFound] = useState<Reverification>();
  if (!may('evidence:read')) return null;
  const path = { id };
  const close = (): void => setAsking(undefined);
  const words = { field: 'reason', label: t('common.reason'), required: true };
  return (
    <Panel title={t('evidence.title')}>
      <Stack p="md">
        <Text size="sm">{t('evidence.lead')}</Text>
        <Group gap="xs">
          <Button variant="default" onClick={() => setAsking('reverify')}>
            {t('evidence.reverify')}
          </Button>
          <Button variant="default" onClick={() => setAsking('bundle')}>
            {t('evidence.bundle')}
          </Button>
        </Group>
      </Stack>
      {found && <Repeated found={found} />}
      {asking === 'bundle' && (
        <Confirm
          title={t('evidence.bundle')}
          thing={id}
          confirm={t('common.download')}
          words={words}
          act={(reason) =>
            download(
              () =>
                client.POST('/v1/verifications/{id}/evidence-bundle', {
                  params: { path },
                  body: { reason },
                  parseAs: 'blob',
                }),
              `${id}.json`,
            )
          }
          done={t('evidence.bundle_done')}
          onClose={close}
        >
          <Text size="sm">{t('evidence.bundle_effect')}</Text>
        </Confirm>
      )}
      {asking === 'reverify' && (
        <Confirm
          title={t('evidence.reverify')}
          thing={id}
          confirm={t('evidence.reverify_act')}
          words={words}
          act={async (reason) => {
            const body = { as_of: asOf, reason };
            setFound(await ask(() => client.POST('/v1/verifications/{id}/reverify', { params: { path }, body })));
          }}
          done={t('evidence.reverify_done')}
          onClose={close}
        >
          <Text size="sm">{t('evidence.reverify_effect')}</Text>
          <Radio.Group
            label={t('evidence.as_of')}
            value={asOf}
            onChange={(value) => setAsOf(value === 'now' ? 'now' : 'then')}
          >
            <Stack gap={6} mt={6}>
              {AS_OF.map((each) => (
                <Radio
                  key={each}
                  value={each}
                  label={t(`evidence.as_of_${each}`)}
                  description={t(`evidence.as_of_${each}_hint`)}
                />
              ))}
            </Stack>
          </Radio.Group>
        </Confirm>
      )}
    </Panel>
  );
}

/** What the checks came to when they were repeated. */
function Repeated({ found }: { found: Reverification }) {
  const { t, format } = useReading();
  return (
    <section aria-label={t('evidence.result')} style={{ borderTop: '1px solid var(--console-line)' }}>
      <Facts
        facts={[
          [t('evidence.as_of'), t(`evidence.as_of_${found.as_of}`)],
          [t('evidence.at'), format.time(found.at)],
          [t('verifications.outcome'), <Outcome outcome={found.outcome} />],
          [
            t('evidence.agrees'),
            <State tone={found.agrees ? 'good' : 'warn'}>
              {t(found.agrees ? 'evidence.agrees_yes' : 'evidence.agrees_no')}
            </State>,
          ],
          [t('evidence.policy'), found.policy.then ?? found.policy.now],
        ]}
      />
      <Steps explanation={found} />
      {found.revocation_attempts.map(({ basis, ...attempt }, index) => (
        <div key={index} style={{ borderTop: '1px solid var(--console-line)' }}>
          <Attempt attempt={attempt} />
          <Text size="xs" c="dimmed" px="md" pb="sm">
            {t(`evidence.basis_${basis}`)}
          </Text>
        </div>
      ))}
    </section>
  );
}
