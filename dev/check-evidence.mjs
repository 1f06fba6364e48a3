import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureCompiled } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { runMain } from './launch-problem.mjs';
import { root } from './paths.mjs';

/** `npm run check-evidence -- BUNDLE …`: checks an exported evidence bundle offline. Nothing has to run. */
await runMain(async () => {
  // Standard output belongs to the report.
  await ensureInstalled({ quiet: true });
  await ensureCompiled();
  const script = join(root, 'dist', 'apps', 'admin', 'src', 'check-evidence.js');
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
});
