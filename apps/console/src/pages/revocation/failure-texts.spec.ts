import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { causesOf } from './failure-texts';

/** The words of a type of the sources that is a choice of them. */
function choices(file: string, type: string): string[] {
  const [, body] = new RegExp(`export type ${type} =([^;]+);`).exec(readFileSync(file, 'utf8'))!;
  return [...body!.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, word]) => word!);
}

describe('a failure of a list', () => {
  it('is said in words for every refusal that the code knows', () => {
    // A list that is the one held is not refused: it is recorded as fetched.
    const codes = choices('libs/pki/src/crl-check.ts', 'CrlRefusalCode').filter((code) => code !== 'unchanged');
    expect(codes.length).toBeGreaterThan(15);
    expect(causesOf(`crl_refused:${codes.join(',')}`)).toEqual(
      codes.map((code) => ({ code, text: `failures.refused_${code}` })),
    );
  });

  it('is said in words for everything that may be wrong with the source', () => {
    const details = choices('libs/jlis/src/jlis-unavailable.ts', 'JlisDetail');
    expect(details.length).toBeGreaterThan(10);
    for (const detail of details)
      expect(causesOf(`jlis_${detail}:a:b`)).toEqual([
        { code: `jlis_${detail}:a:b`, text: `failures.why_jlis_${detail}` },
      ]);
    for (const code of ['crl_malformed:truncated', 'partition_busy', 'internal'])
      expect(causesOf(code)).toEqual([{ code, text: `failures.why_${code.split(':')[0]!}` }]);
  });

  it('is its code where this console does not know it', () =>
    expect([...causesOf('crl_refused:signature_inv'), ...causesOf('of_tomorrow')]).toEqual([
      { code: 'signature_inv' },
      { code: 'of_tomorrow' },
    ]));
});
