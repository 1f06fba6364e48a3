import { Button, Code, Group, Stack, Text } from '@mantine/core';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Facts, Panel } from '../../parts/page';
import { ModeState, Outcome, State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { HolderFacts } from '../verifications/holder-panel';
import { Steps } from '../verifications/steps';

type Inspection = Schemas['Inspection'];
type Certificate = Schemas['InspectedCertificate'];
type Extension = Schemas['InspectedExtension'];

/** What was found, the verdict first. */
export function Inspected({ inspection, onForget }: { inspection: Inspection; onForget: () => void }) {
  const { t } = useReading();
  const { certificates, cms, verdict } = inspection;
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Group gap="xs">
          <State tone="calm">{t(`inspector.structure_${inspection.structure}`)}</State>
          <State tone="calm">{t(`inspector.form_${inspection.form}`)}</State>
        </Group>
        <Button variant="default" size="xs" onClick={onForget}>
          {t('inspector.forget')}
        </Button>
      </Group>
      {verdict ? (
        <Judged verdict={verdict} at={inspection.at} />
      ) : (
        <Panel title={t('inspector.verdict')} padded>
          <Text size="sm">{t('inspector.no_signer')}</Text>
        </Panel>
      )}
      {cms && <Message cms={cms} />}
      {certificates.map((certificate, index) => (
        <OneCertificate
          key={certificate.sha256}
          certificate={certificate}
          number={index + 1}
          of={certificates.length}
        />
      ))}
    </Stack>
  );
}

function Judged({ verdict, at }: { verdict: NonNullable<Inspection['verdict']>; at: string }) {
  const { t, format } = useReading();
  return (
    <Panel
      title={t('inspector.verdict')}
      actions={
        <>
          {verdict.trusted_in && <ModeState mode={verdict.trusted_in} />}
          <Outcome outcome={verdict.outcome} />
        </>
      }
    >
      <Text size="sm" p="md" pb={0}>
        {t('inspector.judged', { at: format.time(at) })}
      </Text>
      <Steps explanation={verdict} />
      {verdict.path.length > 0 && (
        <Facts
          facts={[
            [
              t('inspector.path'),
              <Stack key="path" gap={2}>
                {verdict.path.map(({ subject, sha256 }) => (
                  <Text key={sha256} size="sm">
                    {subject}
                  </Text>
                ))}
              </Stack>,
            ],
          ]}
        />
      )}
    </Panel>
  );
}

function Message({ cms }: { cms: NonNullable<Inspection['cms']> }) {
  const { t, format } = useReading();
  return (
    <Panel title={t('inspector.message')}>
      <Facts
        facts={[
          [t('inspector.content_type'), cms.content_type],
          [
            t('inspector.content'),
            cms.content_octets === null
              ? t('inspector.detached')
              : t('inspector.octets', { count: format.number(cms.content_octets) }),
          ],
          [t('inspector.certificates'), format.number(cms.certificates)],
          ...cms.signers.flatMap((signer, index): [string, string][] => [
            [
              t('inspector.signer', { number: index + 1 }),
              `${signer.digest_algorithm} · ${signer.signature_algorithm}`,
            ],
            [t('inspector.signing_time'), format.time(signer.signing_time)],
          ]),
        ]}
      />
    </Panel>
  );
}

function OneCertificate({ certificate, number, of }: { certificate: Certificate; number: number; of: number }) {
  const { t, format } = useReading();
  const kind = t(`inspector.kind_${certificate.kind}`);
  return (
    <Panel
      title={of === 1 ? kind : t('inspector.numbered', { kind, number, of })}
      actions={certificate.kind_mode && <ModeState mode={certificate.kind_mode} />}
    >
      {certificate.attributes && <HolderFacts attributes={certificate.attributes} />}
      <Facts
        facts={[
          [t('holder.subject'), certificate.subject],
          [t('verifications.issuer'), certificate.issuer],
          [
            t('verifications.validity'),
            `${format.time(certificate.not_before)} – ${format.time(certificate.not_after)}`,
          ],
          [
            t('holder.serial_number'),
            <span key="serial" className="numbers">
              {certificate.serial_number} <Code>{certificate.serial_hex}</Code>
            </span>,
          ],
          [t('inspector.key'), certificate.key],
          [t('inspector.signature_algorithm'), certificate.signature_algorithm],
          [t('inspector.version'), `v${certificate.version}`],
          ['SHA-256', certificate.sha256],
        ]}
      />
      <Extensions extensions={certificate.extensions} />
    </Panel>
  );
}

function Extensions({ extensions }: { extensions: readonly Extension[] }) {
  const { t } = useReading();
  if (extensions.length === 0) return null;
  const columns: Column<Extension>[] = [
    {
      name: 'name',
      title: t('inspector.extension'),
      cell: ({ name, oid }) => (
        <>
          {name ?? oid}
          {name !== null && (
            <Text size="xs" c="dimmed">
              {oid}
            </Text>
          )}
        </>
      ),
    },
    {
      name: 'critical',
      title: t('inspector.critical'),
      cell: ({ critical }) => (critical ? <State tone="info">{t('inspector.is_critical')}</State> : '—'),
    },
    {
      name: 'values',
      title: t('inspector.values'),
      cell: ({ values }) =>
        values.length === 0
          ? '—'
          : values.map((value) => (
              <div key={value} style={{ overflowWrap: 'anywhere' }}>
                {value}
              </div>
            )),
    },
  ];
  return <Rows label={t('inspector.extensions')} columns={columns} rows={extensions} keyOf={({ oid }) => oid} />;
}
