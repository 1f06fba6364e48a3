import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { buildWhenChanged, filesBelow } from './build-record.mjs';
import { distDir, root } from './paths.mjs';

const SOURCE_FOLDERS = ['apps', 'libs', 'migrations', 'test/bench', 'test/support'];
const BUILD_FILES = ['package-lock.json', 'dev/compile.mjs'];

/** As jest.config.mjs has them: tests and programs run the same code. */
const OPTIONS = {
  swcrc: false,
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
  sourceMaps: true,
};

/**
 * Compiles to `dist/` when a source of a program has changed, file by file and without looking at types:
 * `npm run typecheck` does that. Returns whether it did.
 */
export function ensureCompiled() {
  return buildWhenChanged({
    record: join(distDir, '.sources.json'),
    sources: () => [...filesBelow(SOURCE_FOLDERS).filter(isProgram), ...BUILD_FILES],
    build: async (gone) => {
      // Only here: in an image built without development tools everything is compiled already.
      const { transformFile } = await import('@swc/core');
      // A deleted source must not live on as its output.
      if (gone) rmSync(distDir, { recursive: true, force: true });
      await Promise.all(
        filesBelow(SOURCE_FOLDERS)
          .filter(isProgram)
          .map((file) => compile(file, transformFile)),
      );
    },
  });
}

async function compile(file, transformFile) {
  const source = join(root, file);
  const output = join(distDir, file.replace(/\.ts$/, '.js'));
  const sourceFileName = relative(dirname(output), source);
  const { code, map } = await transformFile(source, { ...OPTIONS, sourceFileName });
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, `${code}\n//# sourceMappingURL=${basename(output)}.map\n`);
  writeFileSync(`${output}.map`, map);
}

/** The console runs in a browser and is built by `console.mjs`. */
const isProgram = (name) => /(?<!\.spec|\.d)\.ts$/.test(name) && !name.startsWith('apps/console/');
