import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LaunchProblem } from './launch-problem.mjs';
import { LockFile } from './lock-file.mjs';
import { cacheDir, root } from './paths.mjs';

/**
 * Calls `build` when a source differs from what was built last. Contents are compared, not times: switching branches
 * back and forth makes old files current again. Returns whether it built.
 *
 * @param {{ record: string, sources: () => string[], build: (gone: boolean) => Promise<void> }} work `record` remembers
 *   what was built; `sources` are paths from the root; `gone`: a source of the last build is no longer there, or
 *   nothing is known about it.
 */
export async function buildWhenChanged({ record, sources, build }) {
  if (sameAs(record, fingerprints(sources()))) return false;
  const lock = await takeBuildLock();
  try {
    const now = fingerprints(sources());
    if (sameAs(record, now)) return false;
    const before = readRecord(record);
    const gone = !before || Object.keys(before).some((file) => !(file in now));
    rmSync(record, { force: true });
    await build(gone);
    mkdirSync(dirname(record), { recursive: true });
    writeFileSync(record, JSON.stringify(now));
    return true;
  } finally {
    lock.release();
  }
}

/** All files below folders, as paths from the root. A folder that is not there has none. */
export function filesBelow(folders) {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(root.length + 1)
            .replaceAll('\\', '/'),
        ),
    )
    .filter((name) => !name.includes('/node_modules/'));
}

/** Two commands started together build one after the other. */
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
function fingerprints(files) {
  return Object.fromEntries(
    [...files].sort().map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(root, file)))
        .digest('base64'),
    ]),
  );
}

function readRecord(record) {
  return existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : undefined;
}

function sameAs(record, now) {
  const built = readRecord(record);
  return built !== undefined && JSON.stringify(built) === JSON.stringify(now);
}
