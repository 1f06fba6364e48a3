import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchProblem } from './launch-problem.mjs';
import { LockFile } from './lock-file.mjs';
import { cacheDir, distDir, root } from './paths.mjs';
import { runCommand } from './run-command.mjs';

const record = join(distDir, '.sources.json');
const SOURCE_FOLDERS = ['apps', 'libs', 'migrations', 'test/bench', 'test/support'];
const BUILD_FILES = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

/**
 * Compiles to `dist/` when a source differs from what `dist/` was made of. Contents are compared, not times: switching
 * branches back and forth makes old files current again. Returns whether it compiled.
 */
export async function ensureCompiled() {
  if (sameAs(fingerprints())) return false;
  const lock = await takeBuildLock();
  try {
    const now = fingerprints();
    if (sameAs(now)) return false;
    // A deleted source must not live on as its output.
    const before = readRecord();
    if (!before || Object.keys(before).some((file) => !(file in now)))
      rmSync(distDir, { recursive: true, force: true });
    rmSync(record, { force: true });
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await runCommand(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
      cwd: root,
      quiet: true,
      what: 'Compiling',
    });
    mkdirSync(distDir, { recursive: true });
    writeFileSync(record, JSON.stringify(now));
    return true;
  } finally {
    lock.release();
  }
}

/** Two commands started together compile one after the other. */
async function takeBuildLock() {
  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      return await LockFile.take(join(cacheDir, 'build.lock'), 'A build');
    } catch (error) {
      if (!(error instanceof LaunchProblem) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** SHA-256 of every file the build reads, by path. */
function fingerprints() {
  const files = SOURCE_FOLDERS.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((name) => `${folder}/${name}`)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.includes('/node_modules/')),
  );
  return Object.fromEntries(
    [...files, ...BUILD_FILES].sort().map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(root, file)))
        .digest('base64'),
    ]),
  );
}

function readRecord() {
  return existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : undefined;
}

function sameAs(now) {
  const built = readRecord();
  return built !== undefined && JSON.stringify(built) === JSON.stringify(now);
}
