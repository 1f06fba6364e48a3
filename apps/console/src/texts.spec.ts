import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LANGUAGES, TEXTS, type TextKey, textOf } from './texts';

const keys = Object.entries(TEXTS).flatMap(([area, texts]) =>
  Object.keys(texts).map((name) => `${area}.${name}` as TextKey),
);
const source = readdirSync(join('apps', 'console', 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.spec.ts'))
  .filter((entry) => !entry.parentPath.endsWith('messages'))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  .join('\n');

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();

describe('the console’s texts', () => {
  it('say something in both languages, with the same places for values', () => {
    for (const key of keys) {
      const [ja, en] = LANGUAGES.map((language) => textOf(language, key));
      expect([key, ja!.trim() === '', en!.trim() === '']).toEqual([key, false, false]);
      expect([key, places(ja!)]).toEqual([key, places(en!)]);
    }
  });

  it('are all used: by their key, or by one of which the last part is a value', () => {
    const literal = new Set([...source.matchAll(/['`](\w+\.\w+)['`]/g)].map(([, key]) => key!));
    // `area.stem_${value}` and `area.stem_${value}_rest`
    const made = [...source.matchAll(/`(\w+\.\w+_)\$\{[^}]+\}(\w*)`/g)].map(
      ([, stem, rest]) => new RegExp(`^${stem!.replace('.', '\\.')}\\w+${rest!}$`),
    );
    expect(keys.filter((key) => !literal.has(key) && !made.some((form) => form.test(key)))).toEqual([]);
  });

  it('put values in their places and leave a place without one as it is', () => {
    expect(textOf('ja', 'keys.revoked_done', { name: '本番1' })).toBe('「本番1」を失効させました。');
    expect(textOf('en', 'keys.revoked_done')).toBe('“{name}” is revoked.');
  });
});
