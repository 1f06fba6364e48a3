import { expect } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import type { ApiStack, TestKey } from './api.js';

export type Verification = Schemas['Verification'];

/** Has a signature verified; the API must decide. */
export async function verifySignature(
  { client }: Pick<TestKey, 'client'>,
  body: Schemas['SignatureVerificationRequest'],
): Promise<Verification> {
  const { data, error, response } = await client.POST('/v1/signature-verifications', { body });
  expect([response.status, error?.code]).toEqual([201, undefined]);
  return data!;
}

/** Results of the five checks, in order. */
export const results = ({ checks }: Verification): string[] => checks.map(({ result }) => result);
/** Codes of all reasons, the headline first. */
export const codes = ({ reasons }: Verification): string[] => reasons.map(({ code }) => code);

export interface Metered {
  meter: string;
  method: string;
  purpose: string;
  outcome: string;
  billable: boolean;
}

/** The usage events in the database, oldest first. */
export async function usageOf({ owner }: ApiStack, { id }: Verification): Promise<Metered[]> {
  const { rows } = await owner.query<Metered>(
    `select meter, method, purpose, outcome, billable from usage_event
     where replace(verification_id::text, '-', '') = $1 order by id`,
    [id.slice(4)],
  );
  return rows;
}

/** Nothing was asked about the certificate, nothing is told of its holder, and nothing is metered. */
export async function expectNothingRevealed(stack: ApiStack, verification: Verification): Promise<void> {
  expect(verification).toMatchObject({ attributes: null, revocation: null, revocation_attempts: [], usage: [] });
  expect(results(verification).at(-1)).toBe('not_run');
  expect(await usageOf(stack, verification)).toEqual([]);
}
