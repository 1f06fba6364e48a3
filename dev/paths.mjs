import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root; every path of the launcher starts here. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** State that `npm start` keeps: databases, secrets, sandbox cards, logs. */
export const dataDir = join(root, '.data');
/** What may be deleted at any time: fetched binaries, reports. */
export const cacheDir = join(root, '.cache');
export const distDir = join(root, 'dist');
