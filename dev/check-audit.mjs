import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureCompiled } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { runMain } from './launch-problem.mjs';
import { dataDir, root } from './paths.mjs';

/**
 * `npm run check-audit -- FILE …`: checks an export of the audit trail offline. Nothing has to run. Where `npm start` has
 * kept the public keys of this machine's installation, they are the trusted ones unless others are named.
 */
await runMain(async () => {
  // Standard output belongs to the report.
  await ensureInstalled({ quiet: true });
  await ensureCompiled();
  const args = process.argv.slice(2);
  const own = join(dataDir, 'audit-keys.json');
  const named = args.some((arg) => arg === '--keys' || arg.startsWith('--keys='));
  if (!named && args.length > 0 && existsSync(own)) {
    process.stderr.write(`Trusted keys: ${own}\n`);
    args.push('--keys', own);
  }
  const script = join(root, 'dist', 'apps', 'admin', 'src', 'check-audit.js');
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...args], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
});
