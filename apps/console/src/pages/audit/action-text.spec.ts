import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { TEXTS } from '../../texts';
import { actionKey } from './action-text';

const textsOf = (roots: readonly string[]): string[] =>
  roots.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/\.(spec|d)\.ts$/.test(file))
      .map((file) => readFileSync(join(root, file), 'utf8')),
  );
/** Programs that write events. */
const files = textsOf(['libs', ...['admin', 'api', 'worker'].map((app) => join('apps', app))]).filter((text) =>
  text.includes('appendAudit'),
);
/** Those that functions of the database write, after who does it. */
const byDatabase = textsOf(['migrations']).flatMap((text) => [
  ...[...text.matchAll(/'(?:operator|api_key):' \|\| [\w.]+,\s*'(\w+\.\w+)'/g)].map(([, action]) => action!),
  ...[...text.matchAll(/case purpose when '\w+' then '(\w+\.\w+)' else/g)].map(([, action]) => action!),
]);

/** Acts of which a part is a value: the values are all that the type of the value allows. */
const MADE: Record<string, readonly string[]> = {
  'api_key.${verb}': ['create', 'rotate', 'revoke'],
  'webhook_endpoint.${verb}': ['create', 'update', 'delete', 'rotate_secret', 'test'],
  'status_sweep.${how}': ['complete', 'fail'],
  'tenant.${step}': ['review', 'accept', 'reject', 'notify', 'suspend', 'resume', 'terminate'],
  '${table}.add': [
    ...['jlis_tariff', 'jlis_reduction', 'jlis_recognition', 'price_plan'],
    ...['tax_setting', 'invoice_issuer', 'invoice_terms'],
  ],
};

const found = (form: RegExp): string[] => [
  ...new Set(files.flatMap((text) => [...text.matchAll(form)].map(([, word]) => word!))),
];
const written = (): string[] => {
  const direct = files.flatMap((text) =>
    // What stands after `action:` up to the end of the property: one text, or a choice of two.
    [...text.matchAll(/\baction: ([^;,\n]*(?:,|\n))/g)].flatMap(([, said]) =>
      [...said!.matchAll(/'(\w+\.\w+)'/g)].map(([, action]) => action!),
    ),
  );
  // Those that are handed to a function, kept in a constant, or written by the database.
  const nouns = new Set([...direct.map((action) => action.split('.')[0]!), 'approval']);
  const elsewhere = found(/(?:[(,=?:]\s*)'([a-z_]+\.[a-z_]+)'/g).filter((action) => nouns.has(action.split('.')[0]!));
  const made = Object.entries(MADE).flatMap(([form, values]) =>
    values.map((value) => form.replace(/\$\{\w+\}/, value)),
  );
  return [...new Set([...direct, ...elsewhere, ...byDatabase, ...made])]
    .filter((action) => !NOT_ACTS.has(action))
    .sort();
};

/** Kinds of events for tenants. */
const NOT_ACTS = new Set([
  'consent.withdrawn',
  'person.certificate_expiring',
  'person.linked',
  'person.merged',
  'person.status_changed',
  'webhook_endpoint.disabled',
]);

describe('an act of the audit trail', () => {
  it('is said in words for everything that the code can write', () => {
    const acts = written();
    expect(acts.length).toBeGreaterThan(100);
    expect(acts.filter((action) => actionKey(action) === undefined)).toEqual([]);
    const said = new Set<string | undefined>(acts.map(actionKey));
    const texts = Object.keys(TEXTS.actions).filter((name) => name.startsWith('of_'));
    expect(texts.filter((name) => !said.has(`actions.${name}`))).toEqual([]);
  });

  it('of which a part is a value is known here with all values', () =>
    expect(found(/\baction: `([^`]+)`/g).filter((form) => !Object.hasOwn(MADE, form))).toEqual([]));

  it('has no words where this console does not know it', () =>
    expect([actionKey('thing.never_done'), actionKey('thing')]).toEqual([undefined, undefined]));
});
