import { Box, Center, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useReading } from '../../language';
import { Brand } from '../../parts/brand';
import { Preferences } from '../../parts/preferences';
import type { Session } from '../../session';
import { SignInFlow, type Step } from './sign-in-flow';

/** The way in: address and password, second factor, an own password. */
export function SignInPage({ session }: { session: Session | null }) {
  const { t } = useReading();
  const [step, setStep] = useState<Step>();
  const title = t(step === undefined ? 'session.sign_in' : `session.step_${step}`);
  useEffect(() => {
    document.title = `${title} · Shomei`;
  }, [title]);
  return (
    <div className="sign-in">
      <Center component="main" p="md">
        <Stack gap="lg" w="100%" maw={420}>
          <Group justify="center">
            <Brand />
          </Group>
          <Paper className="panel" p="xl" bg="var(--mantine-color-body)">
            <Title order={1} mb="md">
              {title}
            </Title>
            <SignInFlow session={session} onStep={setStep} />
          </Paper>
          <Text size="xs" c="dimmed" ta="center">
            {t('session.watched')}
          </Text>
        </Stack>
      </Center>
      <Box component="footer" p="sm">
        <Group justify="center">
          <Preferences />
        </Group>
      </Box>
    </div>
  );
}
