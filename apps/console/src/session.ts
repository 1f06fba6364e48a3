import { useSyncExternalStore } from 'react';
import { type Permission, type Session, sessionStore } from './session-store';

export type { Permission, Session };

/** What the application knows about who is there. */
export const useSessionState = (): { session: Session | null | undefined; lapsed: boolean } =>
  useSyncExternalStore(sessionStore.subscribe, sessionStore.read);

/** The operator of a page that only signed-in operators see. */
export function useSession(): Session {
  const { session } = useSessionState();
  if (!session) throw new Error('nobody is signed in');
  return session;
}

/** Whether the operator may use something; the server asks again. */
export function useMay(): (permission: Permission) => boolean {
  const { permissions } = useSession();
  return (permission) => permissions.includes(permission);
}
