import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isTextKey } from './texts';

/** Where verdicts and findings are made. */
const source = ['pki', 'revocation']
  .map((lib) => join('libs', lib, 'src'))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((file) => file.endsWith('.ts') && !/\.spec\.ts$|crl-check\.ts$/.test(file))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');
const all = (form: RegExp): string[] => [...new Set([...source.matchAll(form)].map(([, name]) => name!))];
const without = (kind: string, codes: readonly string[]): string[] =>
  codes.filter((code) => !isTextKey(`findings.${kind}_${code}`));

describe('what a verdict rests on', () => {
  it('is named in both languages for every operand, and for every reason of a revocation', () => {
    const operands = all(/operands: \{ (\w+)[:,} ]/g);
    expect(operands.length).toBeGreaterThan(10);
    expect(without('operand', operands)).toEqual([]);
    const reasons = all(/^ {2}'([a-zA-Z]+)',$/gm).filter((name) => /[A-Z]|unspecified|superseded/.test(name));
    expect(reasons).toContain('affiliationChanged');
    expect(without('reason', reasons)).toEqual([]);
  });

  it('is explained to the operator for every reason of a verdict', () => {
    const reasons = readFileSync('libs/verification/src/reason-texts.ts', 'utf8');
    const codes = [...reasons.matchAll(/^ {2}(\w+): text\(/gm)].map(([, code]) => code!);
    expect(codes.length).toBeGreaterThan(30);
    const texts = codes.flatMap((code) => [`reasons.name_${code}`, `reasons.why_${code}`]);
    expect(texts.filter((key) => !isTextKey(key))).toEqual([]);
  });

  it('is said in words for every detail of what is not known', () => {
    const details = [
      ...all(/detail: '(\w+)'/g),
      ...all(/\b(?:unavailable|unsupported)\('(\w+)'\)/g),
      ...all(/#found\('policy_not_allowed', \w+, \{ detail: '(\w+)'/g),
    ];
    expect(details.length).toBeGreaterThan(30);
    expect(without('detail', details)).toEqual([]);
  });
});
