import { expect } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import type { ApiStack, TestKey } from './api.js';
import { rawBody, type RawOptions } from './card.js';
import { verifySignature } from './verification.js';

const RAW = { padding: 'pkcs1_v15', digest_algorithm: 'sha256' } as const;

/** A new challenge and the card's answer to it. */
export async function answeredChallenge(
  { sandbox }: ApiStack,
  { client }: TestKey,
  card: string,
): Promise<Schemas['AuthenticationRequest']> {
  const { data } = await client.POST('/v1/challenges');
  const { id, nonce } = data!;
  const signed = await sandbox.signRaw(card, { certificate: 'auth', content: nonce, ...RAW });
  return { challenge_id: id, ...signed, ...RAW };
}

/** The id of a valid login with a card. */
export async function login(stack: ApiStack, key: TestKey, card: string): Promise<string> {
  const body = await answeredChallenge(stack, key, card);
  const { data, error } = await key.client.POST('/v1/authentications', { body });
  expect([data?.outcome, error?.code]).toEqual(['valid', undefined]);
  return data!.id;
}

/** The id of a valid signature verification. */
export async function signedBy(stack: ApiStack, key: TestKey, options: RawOptions): Promise<string> {
  const { id, outcome } = await verifySignature(key, await rawBody(stack.sandbox, options));
  expect(outcome).toBe('valid');
  return id;
}

/** A consent document that the holder of a card has signed, verified, and whose person that is. */
export async function signedDocument(
  { sandbox }: Pick<ApiStack, 'sandbox'>,
  key: Pick<TestKey, 'client'>,
  card: string,
  text = 'I agree.',
): Promise<{ person_id: string; evidence: { verification_id: string; document: string } }> {
  const body = await rawBody(sandbox, { card, text });
  const { id, person } = await verifySignature(key, { ...body, identify: true });
  expect(person?.state).toBe('identified');
  return { person_id: person!.id!, evidence: { verification_id: id, document: body.content! } };
}

/** A public id as the database has it. */
export const uuidOf = (id: string): string =>
  id.slice(4).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
