import { Button, Group, Stack, Text } from '@mantine/core';
import { useCallback, useEffect, useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Facts, Panel } from '../../parts/page';
import { useMay, useSessionState } from '../../session';

type Holder = Schemas['RevealedHolder'];
type SubstitutedText = Schemas['SubstitutedText'];

/** How long somebody's data stay on the screen, seconds. */
const SHOWN_S = 60;

/**
 * Whose certificate it was: hidden until an operator says why. What is shown is held by this component alone, not by the cache
 * of answers, and is gone after a minute, with the page, and when the session ends.
 */
export function HolderPanel({ id }: { id: string }) {
  const { t } = useReading();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const [holder, setHolder] = useState<Holder>();
  const hide = useCallback(() => setHolder(undefined), []);
  const { lapsed } = useSessionState();
  if (!may('holders:reveal'))
    return (
      <Panel title={t('holder.title')} padded>
        <Text size="sm" c="dimmed">
          {t('holder.not_yours')}
        </Text>
      </Panel>
    );
  return (
    <Panel title={t('holder.title')}>
      {holder && !lapsed ? (
        <Shown holder={holder} onHide={hide} />
      ) : (
        <Stack p="md" align="flex-start">
          <Text size="sm">{t('holder.hidden')}</Text>
          <Button variant="default" onClick={() => setAsking(true)}>
            {t('holder.reveal')}
          </Button>
        </Stack>
      )}
      {asking && (
        <Confirm
          title={t('holder.reveal')}
          thing={id}
          confirm={t('holder.reveal_act')}
          danger
          words={{ field: 'reason', label: t('common.reason'), required: true }}
          act={async (reason) => {
            setHolder(
              await ask(() =>
                client.POST('/v1/verifications/{id}/reveal', { params: { path: { id } }, body: { reason } }),
              ),
            );
          }}
          done={t('holder.reveal_done')}
          onClose={() => setAsking(false)}
        >
          <Text size="sm">{t('holder.reveal_effect', { seconds: SHOWN_S })}</Text>
        </Confirm>
      )}
    </Panel>
  );
}

function Shown({ holder, onHide }: { holder: Holder; onHide: () => void }) {
  const { t } = useReading();
  const [left, setLeft] = useState(SHOWN_S);
  useEffect(() => {
    const end = Date.now() + SHOWN_S * 1000;
    const timer = setInterval(() => {
      const seconds = Math.ceil((end - Date.now()) / 1000);
      if (seconds <= 0) onHide();
      else setLeft(seconds);
    }, 500);
    return () => clearInterval(timer);
  }, [onHide]);
  return (
    <>
      <What holder={holder} />
      <Group p="md" gap="md" style={{ borderTop: '1px solid var(--console-line)' }}>
        <Button variant="default" size="xs" onClick={onHide}>
          {t('holder.hide')}
        </Button>
        <Text size="xs" c="dimmed" role="timer" className="numbers">
          {t('holder.left', { seconds: left })}
        </Text>
      </Group>
    </>
  );
}

function What({ holder: { attributes, certificate, withheld } }: { holder: Holder }) {
  const { t, format } = useReading();
  if (attributes) return <HolderFacts attributes={attributes} />;
  if (certificate)
    return (
      <Facts
        facts={[
          [t('holder.serial_number'), <span className="numbers">{certificate.serial_number}</span>],
          [t('holder.subject'), certificate.subject],
          [t('verifications.issuer'), certificate.issuer],
          [
            t('verifications.validity'),
            `${format.minute(certificate.not_before)} – ${format.minute(certificate.not_after)}`,
          ],
          ['SHA-256', certificate.sha256],
        ]}
      />
    );
  return (
    <Text size="sm" p="md">
      {t(`holder.withheld_${withheld ?? 'attributes_missing'}`)}
    </Text>
  );
}

/** The four attributes of a sign certificate. */
export function HolderFacts({ attributes }: { attributes: Schemas['Attributes'] }) {
  const { t } = useReading();
  return (
    <Facts
      facts={[
        [t('holder.name'), <Substituted text={attributes.name} />],
        [t('holder.date_of_birth'), attributes.date_of_birth.iso ?? attributes.date_of_birth.raw],
        [t('holder.sex'), t(`holder.sex_${attributes.sex}`)],
        [t('holder.address'), <Substituted text={attributes.address} />],
      ]}
    />
  );
}

/** As the certificate writes it; characters that stand in for others it could not write are marked. */
function Substituted({ text: { value, substitution, substitution_fits: fits } }: { text: SubstitutedText }) {
  const { t } = useReading();
  const replaced = (index: number): boolean => fits && substitution?.[index] === '1';
  const characters = [...value];
  return (
    <>
      {characters.map((character, index) =>
        replaced(index) ? <mark key={index}>{character}</mark> : <span key={index}>{character}</span>,
      )}
      {characters.some((_, index) => replaced(index)) && (
        <Text size="xs" c="dimmed">
          {t('holder.substituted')}
        </Text>
      )}
    </>
  );
}
