import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { fieldsOf, inOrder, nameKey, wordKey } from './fields';

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  enum?: string[];
  const?: unknown;
}
const { schemas } = (
  JSON.parse(readFileSync('docs/openapi/admin.json', 'utf8')) as { components: { schemas: Record<string, Schema> } }
).components;

/** Every field of a request below its top, and the words of those that have a closed set. */
function described(schema: Schema, name = ''): [string, string[]][] {
  const { $ref, properties = {}, items, anyOf = [], const: word } = schema;
  const words = schema.enum ?? (typeof word === 'string' ? [word] : []);
  return [
    ...(name === '' ? [] : [[name, words] as [string, string[]]]),
    ...($ref === undefined ? [] : described(schemas[$ref.split('/').at(-1)!]!)),
    ...Object.entries(properties).flatMap(([each, part]) => described(part, each)),
    ...(items ? described(items, name) : []),
    ...anyOf.flatMap((each) => described(each, name)),
  ];
}

describe('what is proposed', () => {
  it.each([
    'RolesProposal',
    'ContractProposal',
    'TariffProposal',
    'ReductionProposal',
    'RecognitionProposal',
    'PricePlanProposal',
    'TaxSettingProposal',
    'InvoiceIssuerProposal',
    'InvoiceTermsProposal',
  ])('is called by words, as are its values: %s', (proposal) => {
    const found = described(schemas[proposal]!).filter(([name]) => !['reason', 'change'].includes(name));
    expect(found.length).toBeGreaterThan(1);
    for (const [name, words] of found) {
      expect([name, nameKey(name)]).toEqual([name, expect.any(String)]);
      for (const word of words) expect([name, word, wordKey(name, word)]).toEqual([name, word, expect.any(String)]);
    }
  });

  it('is opened to its single fields, but for lists of words', () => {
    expect(fieldsOf({ a: { b: [{ c: 1 }, { c: null }] }, d: ['x', 'y'], e: [] })).toEqual([
      { path: ['a', 'b', '0', 'c'], value: 1 },
      { path: ['a', 'b', '1', 'c'], value: null },
      { path: ['d'], value: ['x', 'y'] },
      { path: ['e'], value: [] },
    ]);
    expect([nameKey('toString'), wordKey('state', 'nowhere'), wordKey('toString', 'x')]).toEqual(
      Array(3).fill(undefined),
    );
  });
});

describe('the fields of an issuer of invoices', () => {
  it('stand as in a letter, and those of anything else as they come', () => {
    const names = (value: object): string[] => inOrder(fieldsOf(value)).map(({ path }) => path.join('.'));
    expect(
      names({
        mode: 'test',
        valid_from: 'd',
        terms: { payment: 'p', address: 'a', registration_number: 'T', name: 'n' },
      }),
    ).toEqual(['terms.name', 'terms.registration_number', 'terms.address', 'terms.payment', 'valid_from', 'mode']);
    expect(names({ valid_from: 'd', name: 'n', base_fee: '1' })).toEqual(['valid_from', 'name', 'base_fee']);
  });
});
