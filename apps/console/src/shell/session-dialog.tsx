import { Modal, Stack, Text } from '@mantine/core';
import { useReading } from '../language';
import { SignInFlow } from '../pages/sign-in/sign-in-flow';
import { useSession, useSessionState } from '../session';

/** The session has ended under the page: signing in again goes on where one was, with what was typed. */
export function SessionDialog() {
  const { t } = useReading();
  const { lapsed } = useSessionState();
  const { operator } = useSession();
  return (
    <Modal
      opened={lapsed}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t('session.lapsed')}
      zIndex={500}
    >
      <Stack>
        <Text size="sm">{t('session.lapsed_why')}</Text>
        <SignInFlow session={null} email={operator.email} />
      </Stack>
    </Modal>
  );
}
