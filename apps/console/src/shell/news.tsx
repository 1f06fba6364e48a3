import { useQuery } from '@tanstack/react-query';
import { ask, client } from '../api';
import { useSession } from '../session';
import { sessionStore } from '../session-store';

/** What a session says of the installation goes out of date; a page that is opened later reads it anew. */
export function News() {
  const session = useSession();
  useQuery({
    queryKey: ['me', session.operator.id],
    queryFn: async () => {
      const found = await ask(() => client.GET('/v1/me'));
      sessionStore.open(found);
      return found;
    },
    initialData: session,
    staleTime: 60_000,
  });
  return null;
}
