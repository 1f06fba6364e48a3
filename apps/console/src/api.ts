import { type AdminSchemas, createAdminClient } from '#lib/api-client';
import { sessionStore } from './session-store';

export type Schemas = AdminSchemas;
export type Problem = AdminSchemas['Problem'];

/** The server refused, and said why. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

/** There was no answer, or one that is not the server's. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  constructor(readonly status?: number) {
    super('unreachable');
  }
}

export const client = createAdminClient({
  baseUrl: location.origin,
  csrfToken: () => sessionStore.csrfToken,
});

export interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * One request. When the session has ended meanwhile, it waits until the same operator has signed in again and is made
 * once more, so that nothing that was typed is lost. @throws Refused, Unreachable
 */
export async function ask<T>(send: () => Promise<Answer<T>>): Promise<T> {
  const answer = await answered(send);
  if (answer.response.ok) return answer.data as T;
  const problem = problemOf(answer);
  const over = problem.code === 'session_missing' || (sessionStore.lapsed && problem.code === 'second_factor_required');
  if (sessionStore.session && over) {
    await sessionStore.renewed();
    return must(await answered(send));
  }
  // Another window signed in again: this one knows an old token.
  if (sessionStore.session && problem.code === 'csrf_token_wrong') {
    sessionStore.open(await readSession());
    return must(await answered(send));
  }
  if (problem.code === 'second_factor_required' || problem.code === 'password_change_required')
    sessionStore.open(await readSession());
  throw new Refused(problem);
}

/** One request of somebody who is signing in: what ends the session is shown where it happens. */
export async function askOnce<T>(send: () => Promise<Answer<T>>): Promise<T> {
  return must(await answered(send));
}

/** Who is signed in. @throws Refused `session_missing` */
export const readSession = (): Promise<Schemas['Session']> => askOnce(() => client.GET('/v1/me'));

async function answered<T>(send: () => Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await send();
  } catch (error) {
    // What fetch throws when nobody answers, and what reading a body that is no JSON throws.
    if (error instanceof TypeError || error instanceof SyntaxError) throw new Unreachable();
    throw error;
  }
}

function must<T>(answer: Answer<T>): T {
  if (!answer.response.ok) throw new Refused(problemOf(answer));
  return answer.data as T;
}

function problemOf({ error, response }: Answer<unknown>): Problem {
  if (typeof error === 'object' && error !== null && 'code' in error && 'request_id' in error) return error as Problem;
  throw new Unreachable(response.status);
}
