import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { COMMANDS } from '../../apps/admin/src/commands.js';
import { faultsOf, readCriteria, readOrganisational, type Surroundings } from '../support/accreditation.js';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const exists = (path: string): boolean => existsSync(new URL(path, ROOT));

const page = read('docs/accreditation.md');
const criteria = readCriteria(page);
const organisational = readOrganisational(page);
const paths = (JSON.parse(read('docs/openapi/admin.json')) as { paths: Record<string, Record<string, unknown>> }).paths;
/** Written by the processes and by the doors of the database. */
const sources = ['apps', 'libs', 'migrations'].flatMap((folder) =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/node_modules|\.spec\./.test(file))
    .map((file) => `${folder}/${file}`),
);
const around: Surroundings = {
  readTest: (file) => {
    const path = /^(libs|apps)\//.test(file) ? file : `test/${file}`;
    return exists(path) ? read(path) : undefined;
  },
  hasPage: (target) => exists(`docs/${target}`),
  scripts: Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts),
  operatorCommands: COMMANDS.map(({ words }) => words.join(' ')),
  endpoints: Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  ),
  actions: [
    ...new Set(
      sources.flatMap((file) => [...read(file).matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map(([, action]) => action!)),
    ),
  ],
};

describe('docs/accreditation.md', () => {
  it('has the technical criteria of the scheme, each with its Japanese term', () => {
    expect(criteria.map(({ title }) => /\((.+)\)$/.exec(title)?.[1])).toEqual([
      '業務手順の文書化',
      'ネットワークからの不正侵入の防止',
      '操作者の識別・認証と権限の最小化',
      '操作記録の作成・保存',
      '検証記録の保管',
      '保存期間と消去',
      '目的外利用の禁止',
      '個人情報の安全管理',
      'サービスプロバイダ間の分離',
      '検証環境と本番環境の分離',
      '失効情報確認の失敗時停止',
      '暗号鍵の管理',
      '事業継続・バックアップ',
      'サービスプロバイダの管理',
    ]);
  });

  it.each(criteria.map((criterion) => [criterion.title, criterion] as const))(
    '%s: names tests that are there and what an auditor runs',
    (_title, criterion) => expect(faultsOf(criterion, around)).toEqual([]),
  );

  it('has a document, an owner, a time and an end for each organisational criterion', () => {
    expect(organisational.length).toBeGreaterThan(7);
    for (const row of organisational) {
      expect([row.criterion, /\(.*\p{Script=Han}.*\)$/u.test(row.criterion)]).toEqual([row.criterion, true]);
      for (const cell of [row.document, row.owner, row.renewed]) expect(cell).not.toBe('');
      expect(row.validUntil).toMatch(/^(not adopted|20\d\d-[01]\d-[0-3]\d)$/);
    }
    const terms = organisational.map(({ criterion }) => criterion).join();
    for (const term of ['入退室管理', '委託契約・秘密保持', 'セキュリティ管理体制', '役員の適格性'])
      expect(terms).toContain(term);
  });

  it('is found to be wrong when it names what is not there, or nothing', () => {
    const [criterion] = readCriteria(
      [
        '## Technical criteria',
        '',
        '### Planted',
        '',
        '- Test: `service/nothing.spec.ts`: is there',
        '- Test: `service/accreditation.spec.ts`: is not there',
        '- Auditor: `npm run nothing`, `npm run --silent operator -- audit forget --all`, `GET /v1/nothing`',
        "- Auditor: `npm run --silent operator -- audit search --action 'nothing.*'`",
        '- Pages: [nothing](nothing.md)',
        '',
      ].join('\n'),
    );
    expect(faultsOf(criterion!, around).map((fault) => fault.replace('Planted: ', ''))).toEqual([
      'no Japanese term',
      'service/nothing.spec.ts is no test',
      'service/accreditation.spec.ts has no test "is not there"',
      'nothing.md is no page',
      'npm run nothing is not there',
      'operator audit forget is no command',
      'GET /v1/nothing is no endpoint',
      'no audit event is nothing.*',
    ]);
    expect(faultsOf(readCriteria('## Technical criteria\n\n### Empty\n')[0]!, around)).toEqual([
      'Empty: no Japanese term',
      'Empty: no test',
      'Empty: nothing for an auditor to run',
    ]);
    expect(() => readCriteria('## Technical criteria\n\n### Odd\n\n- Trust us\n')).toThrow('Odd: Trust us');
  });
});
