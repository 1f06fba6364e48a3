import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildWhenChanged, filesBelow } from './build-record.mjs';
import { distDir, root } from './paths.mjs';
import { runCommand } from './run-command.mjs';

const SOURCE_FOLDERS = ['apps', 'libs', 'migrations', 'test/bench', 'test/support'];
const BUILD_FILES = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Compiles to `dist/` when a source of a program has changed. Returns whether it did. */
export function ensureCompiled() {
  return buildWhenChanged({
    record: join(distDir, '.sources.json'),
    sources: () => [...filesBelow(SOURCE_FOLDERS).filter(isProgram), ...BUILD_FILES],
    build: async (gone) => {
      // A deleted source must not live on as its output.
      if (gone) rmSync(distDir, { recursive: true, force: true });
      const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      await runCommand(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
        cwd: root,
        quiet: true,
        what: 'Compiling',
      });
    },
  });
}

/** The console runs in a browser and is built by `console.mjs`. */
const isProgram = (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.startsWith('apps/console/');
