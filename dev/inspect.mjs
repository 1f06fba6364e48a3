import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureCompiled } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { runMain } from './launch-problem.mjs';
import { root } from './paths.mjs';

/** `npm run inspect -- …`: explains a certificate from files, or from JSON lines with `--batch`. Nothing has to run. */
await runMain(async () => {
  // Standard output belongs to the verdicts.
  await ensureInstalled({ quiet: true });
  await ensureCompiled();
  const script = join(root, 'dist', 'apps', 'admin', 'src', 'inspect.js');
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
});
