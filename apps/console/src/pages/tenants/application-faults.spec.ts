import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Draft, emptyDraft } from './application-draft';
import { faultsOf, halfWidth, katakana, tidied } from './application-faults';

const GOOD: Draft = {
  ...emptyDraft(),
  legal_name: '株式会社あおぞら銀行',
  legal_name_kana: 'カブシキガイシャアオゾラギンコウ',
  corporate_number: '4011001098993',
  address: '東京都港区芝公園４丁目２番地８',
  contacts: [{ role: 'responsible', name: '責任 太郎', email: 'sekinin@example.com', phone: '03-1234-5678' }],
  service_name: '口座開設アプリ',
  purpose_of_use: '口座開設時の本人確認',
  invoice_registration_number: 'T4011001098993',
};
const withPhone = (phone: string): Partial<Draft> => ({ contacts: [{ ...GOOD.contacts[0]!, phone }] });

describe('an application as it is typed', () => {
  it.each<[string, Partial<Draft>, Record<string, string>]>([
    ['is good', {}, {}],
    ['has kana in hiragana', { legal_name_kana: 'あおぞら' }, { legal_name_kana: 'kana' }],
    ['has kana in letters', { legal_name_kana: 'AOZORA' }, { legal_name_kana: 'kana' }],
    ['has a full-width phone', withPhone('０３−１２３４−５６７８'), { 'contacts.0.phone': 'phone' }],
    ['has a short phone', withPhone('03-1234'), { 'contacts.0.phone': 'phone' }],
    [
      'has nobody responsible',
      { contacts: [{ ...GOOD.contacts[0]!, role: 'technical' }] },
      { contacts: 'responsible_missing' },
    ],
    [
      'has a mistyped corporate number',
      { corporate_number: '4011001098994', invoice_registration_number: '' },
      { corporate_number: 'corporate_number_check_digit' },
    ],
    [
      'has no invoice number',
      { invoice_registration_number: '4011001098993' },
      { invoice_registration_number: 'invoice_number_form' },
    ],
    [
      'has a mistyped invoice number',
      { invoice_registration_number: 'T4011001098994' },
      { invoice_registration_number: 'invoice_number_check_digit' },
    ],
    [
      'has the invoice number of another',
      { invoice_registration_number: 'T7123456789012' },
      { invoice_registration_number: 'invoice_number_differs' },
    ],
    [
      'has an odd invoice number of no corporation',
      { kind: 'other', invoice_registration_number: 'T4011001098994' },
      {},
    ],
  ])('%s, and is told so before the server is asked', (_what, change, faults) => {
    expect(faultsOf({ ...GOOD, ...change })).toEqual(faults);
  });

  it('is told what the request refuses by its form: an address without its sign, and no number', () => {
    const contacts = [{ ...GOOD.contacts[0]!, email: 'sekinin' }];
    expect(faultsOf({ ...GOOD, contacts, authentications_a_month: '多数' })).toEqual({
      'contacts.0.email': 'email',
      'expected_volumes.authentications_a_month': 'count',
    });
    expect(faultsOf({ ...GOOD, authentications_a_month: '1,000,000,000' })).toEqual({});
  });

  it('is judged by the rules of the server', () => {
    const ours = readFileSync('apps/console/src/pages/tenants/application-faults.ts', 'utf8');
    const theirs = readFileSync('libs/tenancy/src/judge-application.ts', 'utf8');
    const rule = (source: string, name: string) => new RegExp(`^const ${name} = (.+);$`, 'm').exec(source)?.[1];
    for (const name of ['KANA', 'PHONE']) {
      expect(rule(theirs, name)).toMatch(/^\/\^/);
      expect([name, rule(ours, name)]).toEqual([name, rule(theirs, name)]);
    }
    const { components } = JSON.parse(readFileSync('docs/openapi/admin.json', 'utf8')) as {
      components: {
        schemas: {
          Application: {
            properties: {
              contacts: { items: { properties: { email: { pattern: string } } } };
              expected_volumes: { properties: { authentications_a_month: { maximum: number } } };
            };
          };
        };
      };
    };
    const { contacts, expected_volumes: volumes } = components.schemas.Application.properties;
    expect(rule(ours, 'EMAIL')).toBe(`/${contacts.items.properties.email.pattern}/u`);
    const { maximum } = volumes.properties.authentications_a_month;
    const counted = (count: number) => faultsOf({ ...GOOD, authentications_a_month: String(count) });
    expect([counted(maximum), Object.values(counted(maximum + 1))]).toEqual([{}, ['count']]);
  });

  it('is judged as it will be once every field was left', () => {
    const typed = {
      legal_name_kana: 'あおぞら',
      corporate_number: '４０１１００１０９８９９３',
      ...withPhone('０３−１２３４−５６７８'),
    };
    expect(faultsOf(tidied({ ...GOOD, ...typed, authentications_a_month: '１２' }))).toEqual({});
    expect(tidied(GOOD)).toEqual(GOOD);
  });

  it('is put into the form that is asked for where that is safe', () => {
    expect([halfWidth('０３ー１２３４−５６７８'), halfWidth('Ｔ４０１１')]).toEqual(['03-1234-5678', 'T4011']);
    expect([katakana('かぶしきがいしゃ　あおぞら'), katakana('ｱｵｿﾞﾗ'), katakana('ゔぁー'), katakana('AOZORA')]).toEqual(
      ['カブシキガイシャ　アオゾラ', 'アオゾラ', 'ヴァー', 'AOZORA'],
    );
  });
});
