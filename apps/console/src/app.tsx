import { Center, Loader, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { readSession, Refused } from './api';
import { LanguageProvider, useReading } from './language';
import { ProblemPanel } from './parts/problem';
import { SignInPage } from './pages/sign-in/sign-in-page';
import { useSessionState } from './session';
import { sessionStore } from './session-store';
import { readable, theme } from './theme';

const Console = lazy(() => import('./console'));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal stays one however often it is asked; a server that does not answer is asked once more.
      retry: (count, error) => !(error instanceof Refused) && count < 1,
      staleTime: 5_000,
    },
  },
});

export function App({ nonce }: { nonce: string }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={readable}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <LanguageProvider>
        <QueryClientProvider client={queries}>
          {/* Between a page's title and its actions, and above the middle of a window: neither has a control there. */}
          <Notifications position="top-center" limit={2} containerWidth={400} />
          <Whoever />
        </QueryClientProvider>
      </LanguageProvider>
    </MantineProvider>
  );
}

/** The console for who is signed in, the way in for everybody else; at whatever address. */
function Whoever() {
  const { session, lapsed } = useSessionState();
  const [failure, setFailure] = useState<unknown>();
  const known = session !== undefined;
  useEffect(() => {
    if (known || failure !== undefined) return;
    readSession().then(
      (found) => sessionStore.open(found),
      (error: unknown) => {
        if (error instanceof Refused && error.problem.code === 'session_missing') sessionStore.close();
        else setFailure(error);
      },
    );
  }, [known, failure]);

  if (failure !== undefined)
    return (
      <Center component="main" mih="100dvh" p="md">
        <ProblemPanel error={failure} onRetry={() => setFailure(undefined)} />
      </Center>
    );
  if (session === undefined) return <Waiting />;
  // A page that waits for its operator stays as it is, with what was typed.
  if (session === null || (session.stage !== 'open' && !lapsed)) return <SignInPage session={session} />;
  return (
    <Suspense fallback={<Waiting />}>
      <Console />
    </Suspense>
  );
}

function Waiting() {
  const { t } = useReading();
  return (
    <Center component="main" mih="100dvh">
      <Loader aria-label={t('common.loading')} role="status" />
    </Center>
  );
}
