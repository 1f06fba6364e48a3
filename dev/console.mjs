import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { buildWhenChanged, filesBelow } from './build-record.mjs';
import { distDir, root } from './paths.mjs';
import { runCommand } from './run-command.mjs';

const SOURCE_FOLDERS = ['apps/console', 'libs/api-client/src'];
const BUILD_FILES = ['package-lock.json', 'dev/console.mjs'];
const outDir = join(distDir, 'apps', 'console');

/** Builds the console to `dist/apps/console` when one of its sources has changed. Returns whether it did. */
export function ensureConsole() {
  return buildWhenChanged({
    record: join(outDir, '.sources.json'),
    sources: () => [...filesBelow(SOURCE_FOLDERS).filter((name) => !name.endsWith('.spec.ts')), ...BUILD_FILES],
    build: async () => {
      const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
      await runCommand(process.execPath, [vite, 'build', join('apps', 'console'), '--logLevel', 'warn'], {
        cwd: root,
        quiet: true,
        what: 'Building the console',
      });
      compress(join(outDir, 'assets'));
    },
  });
}

/** Once here instead of at every request; the server takes the copy that the browser understands. */
function compress(directory) {
  for (const name of readdirSync(directory)) {
    if (!/\.(?:js|css|svg)$/.test(name)) continue;
    const bytes = readFileSync(join(directory, name));
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
    writeFileSync(join(directory, `${name}.br`), brotliCompressSync(bytes, quality));
    writeFileSync(join(directory, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  }
}
