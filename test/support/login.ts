import { expect } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import type { TestKey } from './api.js';
import { rawBody, type SandboxClient } from './card.js';
import type { Verification } from './verification.js';

/** Where the cards are, and who asks. */
interface Cards {
  readonly sandbox: SandboxClient;
}
type Asker = Pick<TestKey, 'client'>;

/** A card's answer to a new challenge. */
export async function authenticationBody(
  { sandbox }: Cards,
  { client }: Asker,
  card: string,
  earlier = 0,
): Promise<Schemas['AuthenticationRequest']> {
  const { data: challenge } = await client.POST('/v1/challenges');
  const signing = { padding: 'pkcs1_v15', digest_algorithm: 'sha256' } as const;
  const signed = await sandbox.signRaw(card, { certificate: 'auth', earlier, content: challenge!.nonce, ...signing });
  return { challenge_id: challenge!.id, ...signed, ...signing };
}

/** Logs a card in and asks whose it is; the API must decide. `earlier`: with a certificate so many renewals back. */
export async function logIn(
  stack: Cards,
  key: Asker,
  card: string,
  { earlier, ...change }: Partial<Schemas['AuthenticationRequest']> & { earlier?: number } = {},
): Promise<Verification> {
  const body = { ...(await authenticationBody(stack, key, card, earlier)), identify: true, ...change };
  const { data, error, response } = await key.client.POST('/v1/authentications', { body });
  expect([response.status, error?.code]).toEqual([201, undefined]);
  return data!;
}

/** Has a card sign and asks whose it is; the API must decide. */
export async function signUp(
  { sandbox }: Cards,
  { client }: Asker,
  card: string,
  change: Partial<Schemas['RawSignature']> = {},
): Promise<Verification> {
  const body = { ...(await rawBody(sandbox, { card })), identify: true, ...change };
  const { data, error, response } = await client.POST('/v1/signature-verifications', { body });
  expect([response.status, error?.code]).toEqual([201, undefined]);
  return data!;
}
