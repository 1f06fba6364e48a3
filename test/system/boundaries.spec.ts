import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A small tree without a fault; the faults are planted beside it. */
const CLEAN: Record<string, string> = {
  'package.json': JSON.stringify({
    name: 'planted',
    type: 'module',
    imports: { '#lib/*': './libs/*/src/index.ts' },
  }),
  'libs/pki/src/index.ts': "export * from './der.js';\n",
  'libs/pki/src/der.ts':
    "import { createHash } from 'node:crypto';\nexport const der = createHash;\nexport type Der = 1;\n",
  'libs/platform/src/index.ts': 'export const platform = 1;\nexport type Platform = 1;\n',
  'libs/verification/src/index.ts': "import { der } from '#lib/pki';\nexport const check = der;\n",
  'apps/api/src/main.ts': "import { check } from '#lib/verification';\nexport const main = check;\n",
  'apps/sandbox/src/main.ts': "import { platform } from '#lib/platform';\nexport const main = platform;\n",
  'libs/pki/src/der.spec.ts':
    "import { fixture } from '../../../test/support/fixture.js';\nexport const spec = fixture;\n",
  'test/support/fixture.ts': "import { der } from '#lib/pki';\nexport const fixture = der;\n",
  'test/system/story.ts': "import { main } from '../../apps/api/src/main.js';\nexport const story = main;\n",
};

/** Each breaks exactly one rule: what it is, the files, and the line it must give. */
const FAULTS: [what: string, files: Record<string, string>, line: string][] = [
  [
    'an import by alias that the table does not allow',
    { 'apps/sandbox/src/static.ts': "import { der } from '#lib/pki';\nexport const x = der;\n" },
    'apps/sandbox/src/static.ts → libs/pki/src/index.ts (imports-of-apps-sandbox)',
  ],
  [
    'the same for a type only',
    { 'apps/sandbox/src/type-only.ts': "import type { Der } from '#lib/pki';\nexport type X = Der;\n" },
    'apps/sandbox/src/type-only.ts → libs/pki/src/index.ts (imports-of-apps-sandbox)',
  ],
  [
    'the same, loaded dynamically',
    { 'apps/sandbox/src/dynamic.ts': "export const x = () => import('#lib/pki');\n" },
    'apps/sandbox/src/dynamic.ts → libs/pki/src/index.ts (imports-of-apps-sandbox)',
  ],
  [
    'the same, re-exported',
    { 'apps/sandbox/src/re-export.ts': "export * from '#lib/pki';\n" },
    'apps/sandbox/src/re-export.ts → libs/pki/src/index.ts (imports-of-apps-sandbox)',
  ],
  [
    'the same, by relative path',
    {
      'apps/sandbox/src/relative.ts': "import { der } from '../../../libs/pki/src/index.js';\nexport const x = der;\n",
    },
    'apps/sandbox/src/relative.ts → libs/pki/src/index.ts (imports-of-apps-sandbox)',
  ],
  [
    'a lib entered past its index',
    { 'apps/api/src/deep.ts': "import type { Der } from '../../../libs/pki/src/der.js';\nexport type X = Der;\n" },
    'apps/api/src/deep.ts → libs/pki/src/der.ts (lib-by-its-index)',
  ],
  [
    'an alias past the index',
    { 'apps/api/src/alias.ts': "import { deep } from '#lib/pki/src/der.js';\nexport const x = deep;\n" },
    'apps/api/src/alias.ts → #lib/pki/src/der.js (resolvable)',
  ],
  [
    'a test fixture outside of a spec',
    { 'libs/platform/src/fixture.ts': "export * from '../../../test/support/fixture.js';\n" },
    'libs/platform/src/fixture.ts → test/support/fixture.ts (imports-of-libs-platform)',
  ],
  [
    'a shared fixture in a spec of the independent tester',
    { 'apps/sandbox/src/shared.spec.ts': "export * from '../../../test/support/fixture.js';\n" },
    'apps/sandbox/src/shared.spec.ts → test/support/fixture.ts (imports-of-apps-sandbox)',
  ],
  [
    'a cycle',
    {
      'libs/platform/src/one.ts': "import { two } from './two.js';\nexport const one = () => two;\n",
      'libs/platform/src/two.ts': "import { one } from './one.js';\nexport const two = () => one;\n",
    },
    'libs/platform/src/one.ts → libs/platform/src/two.ts → libs/platform/src/one.ts (no-cycle)',
  ],
  [
    'input and output in the pure lib',
    { 'libs/pki/src/reads.ts': "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n" },
    'libs/pki/src/reads.ts → fs (pki-is-pure)',
  ],
  [
    'a folder without a row in the table',
    { 'libs/common/src/index.ts': 'export const anything = 1;\n' },
    'libs/common: no row in dev/boundary-rules.mjs',
  ],
];

let base: string;

function plant(files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), content);
  }
}

function check(): { status: number | null; output: string } {
  const run = spawnSync(process.execPath, ['dev/boundaries.mjs', base], { encoding: 'utf8' });
  return { status: run.status, output: run.stdout + run.stderr };
}

describe('the boundary check', () => {
  let clean: ReturnType<typeof check>;
  let faulty: ReturnType<typeof check>;

  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'shomei-boundaries-'));
    plant(CLEAN);
    clean = check();
    for (const [, files] of FAULTS) plant(files);
    faulty = check();
  });
  afterAll(() => rmSync(base, { recursive: true }));

  it('passes a tree that keeps the table, and has looked at all of it', () => {
    expect(clean).toEqual({ status: 0, output: '9 modules, every import within its boundary.\n' });
  });

  it.each(FAULTS)('refuses %s', (_what, _files, line) => {
    expect(faulty.status).toBe(1);
    expect(faulty.output.split('\n')).toContain(line);
  });

  it('reports nothing else', () => {
    const lines = faulty.output.trim().split('\n');
    expect(lines.slice(0, -1)).toHaveLength(FAULTS.length);
  });
});
