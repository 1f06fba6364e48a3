import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toPublicId } from '#lib/platform';
import { createTenant } from '#lib/tenancy';
import { type AdminBrowser, AdminStack } from '../support/admin.js';
import type { RawAnswer } from '../support/api.js';
import { APPLICATION_BODY } from '../support/onboarding.js';
import { keyRing } from '../support/tenants.js';

let stack: AdminStack;
let operator: AdminBrowser;
let tenant: string;

beforeAll(async () => {
  stack = await AdminStack.start();
  operator = await stack.signedIn(stack.first);
  tenant = toPublicId('ten', await createTenant(stack.operator, keyRing(), { name: 'A', actor: 'operator:test' }));
}, 240_000);
afterAll(() => stack.stop());

/** The field is named, and what is wrong with it is said in English and in Japanese. */
function expectNamed({ status, body }: RawAnswer, field: string): void {
  expect([status, (body['errors'] as { field: string }[]).map((each) => each.field)]).toEqual([
    expect.any(Number),
    expect.arrayContaining([field]),
  ]);
  expect(status === 400 || status === 422).toBe(true);
  for (const { message, message_ja: ja } of body['errors'] as { message: string; message_ja: string }[]) {
    expect(message).toMatch(/^[ -~≤≥—–’…]+$/u);
    expect(ja).toMatch(/[ぁ-んァ-ヶ]/u);
    // A pattern is for programs.
    expect(ja).not.toMatch(/\\p|\^/u);
  }
}

const CONTACT = APPLICATION_BODY.contacts[0]!;
const volumes = (change: object): object => ({ ...APPLICATION_BODY.expected_volumes, ...change });
const long = (length: number): string => 'あ'.repeat(length);
const contact = (change: object): object => ({ contacts: [{ ...CONTACT, ...change }] });

describe('an application names the field that is', () => {
  it.each<[string, object]>([
    ['kind', { kind: 'club' }],
    ['legal_name', { legal_name: long(201) }],
    ['legal_name', { legal_name: ' ' }],
    ['legal_name', { legal_name: 'a\u0000b' }],
    ['legal_name', { legal_name: null }],
    ['legal_name', { legal_name: '123456789018' }],
    ['legal_name_kana', { legal_name_kana: 'ア'.repeat(201) }],
    ['legal_name_kana', { legal_name_kana: 'てすと' }],
    ['corporate_number', { corporate_number: '4'.repeat(21) }],
    ['corporate_number', { corporate_number: '401100109899' }],
    ['corporate_number', { corporate_number: '4011001098994' }],
    ['corporate_number', { corporate_number: null }],
    ['corporate_number', { kind: 'other' }],
    ['address', { address: long(301) }],
    ['service_name', { service_name: long(201) }],
    ['purpose_of_use', { purpose_of_use: long(1001) }],
    [
      'expected_volumes.signature_verifications_a_month',
      { expected_volumes: volumes({ signature_verifications_a_month: -1 }) },
    ],
    ['expected_volumes.authentications_a_month', { expected_volumes: volumes({ authentications_a_month: 1e9 + 1 }) }],
    ['expected_volumes.authentications_a_month', { expected_volumes: volumes({ authentications_a_month: 1.5 }) }],
    ['invoice_registration_number', { invoice_registration_number: 'T401100109899' }],
    ['invoice_registration_number', { invoice_registration_number: 'T4011001098994' }],
    ['invoice_registration_number', { invoice_registration_number: 'T9'.repeat(11) }],
    ['contacts', { contacts: [] }],
    ['contacts', { contacts: Array.from({ length: 11 }, () => CONTACT) }],
    ['contacts', contact({ role: 'billing' })],
    ['contacts.0.role', contact({ role: 'friend' })],
    ['contacts.0.name', contact({ name: long(101) })],
    ['contacts.0.email', contact({ email: 'nobody' })],
    ['contacts.0.email', contact({ email: `${'a'.repeat(250)}@example.com` })],
    ['contacts.0.phone', contact({ phone: '+81 3 1234 5678' })],
    ['contacts.0.phone', contact({ phone: '0'.repeat(21) })],
  ])('%s: %j', async (field, change) =>
    expectNamed(await operator.send('POST', '/v1/applications', { ...APPLICATION_BODY, ...change }), field),
  );
});

describe('a checklist names the field that is', () => {
  it.each<[string, string, object]>([
    ['note', 'items/delegation/confirm', { note: long(1001) }],
    ['note', 'items/delegation/confirm', { note: 'a\u0007' }],
    ['reason', 'items/delegation/reopen', { reason: '' }],
    ['reason', 'items/delegation/reopen', {}],
    ['reason', 'files/fil_00000000000040008000000000000000/withdraw', { reason: long(1001) }],
  ])('%s of %s', async (field, path, body) =>
    expectNamed(await operator.send('POST', `/v1/tenants/${tenant}/checklist/${path}`, body), field),
  );

  it.each(['name=', `name=${'a'.repeat(301)}.pdf`, 'name=%07.pdf', ''])('name of a file: %j', async (query) => {
    const path = `/v1/tenants/${tenant}/checklist/items/delegation/files?${query}`;
    expectNamed(await operator.sendRaw('POST', path, 'application/pdf', Buffer.from('%PDF-1.4')), 'name');
  });

  it('replaces, when it is no id of a file', async () => {
    const path = `/v1/tenants/${tenant}/checklist/items/delegation/files?name=a.pdf&replaces=ten_1`;
    expectNamed(await operator.sendRaw('POST', path, 'application/pdf', Buffer.from('%PDF-1.4')), 'replaces');
  });
});

describe('a contract names the field that is', () => {
  it.each<[string, object]>([
    ['allowed_ages.0', { allowed_ages: [131] }],
    ['allowed_ages', { allowed_ages: Array.from({ length: 21 }, (_, age) => age) }],
    ['age_dates.0', { age_dates: ['2027-02-30'] }],
    ['age_questions_a_year', { age_questions_a_year: 0 }],
    ['revocation_methods', { revocation_methods: [] }],
    ['revocation_methods.0', { revocation_methods: ['fax'] }],
    ['sign_up_consent.text_version', { sign_up_consent: { text_version: '版 1', purposes: [] } }],
    ['identify', { identify: 'yes' }],
  ])('%s: %j', async (field, change) =>
    expectNamed(await operator.send('PATCH', `/v1/tenants/${tenant}/contracts/test`, change), field),
  );
});
