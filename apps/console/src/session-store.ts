import type { AdminSchemas } from '#lib/api-client';

export type Session = AdminSchemas['Session'];
export type Permission = Session['permissions'][number];

/** Who is signed in, outside of React because requests need it too. */
class SessionStore {
  /** null: nobody; undefined: not known yet. */
  session: Session | null | undefined = undefined;
  /** The session has ended under an open page, which waits. */
  lapsed = false;
  /** What requests have to show, also those of somebody who is signing in. */
  csrfToken: string | undefined;
  private readonly listeners = new Set<() => void>();
  private waiting: (() => void)[] = [];
  /** Whose page it is that waits. */
  private owner: string | undefined;
  private snapshot: { session: Session | null | undefined; lapsed: boolean } = { session: undefined, lapsed: false };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): { session: Session | null | undefined; lapsed: boolean } => this.snapshot;

  /** A session, at whatever stage. A complete one wakes the requests that wait for it. */
  open(session: Session): void {
    if (this.lapsed && session.stage === 'open' && session.operator.id !== this.owner) {
      // What the page holds is the other operator's: begin anew.
      location.reload();
      return;
    }
    this.csrfToken = session.csrf_token;
    // A page that waits keeps whose it is and what that may: half signed in one may nothing, and what was typed would go.
    if (this.lapsed && session.stage !== 'open') return;
    this.session = session;
    if (session.stage === 'open') {
      this.lapsed = false;
      for (const wake of this.waiting.splice(0)) wake();
    }
    this.changed();
  }

  close(): void {
    this.session = null;
    this.csrfToken = undefined;
    this.lapsed = false;
    this.changed();
  }

  /** Resolves when the operator has signed in again. */
  renewed(): Promise<void> {
    if (!this.lapsed) this.owner = this.session?.operator.id;
    this.lapsed = true;
    this.changed();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private changed(): void {
    this.snapshot = { session: this.session, lapsed: this.lapsed };
    for (const listener of this.listeners) listener();
  }
}

export const sessionStore = new SessionStore();
