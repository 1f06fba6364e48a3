import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureCompiled } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { runMain } from './launch-problem.mjs';
import { root } from './paths.mjs';

/** `npm run receiver`: the example receiver of webhooks, see docs/api/webhooks.md. */
await runMain(async () => {
  await ensureInstalled();
  await ensureCompiled();
  const script = join(root, 'dist', 'libs', 'api-client', 'examples', 'webhook-receiver.js');
  const child = spawn(process.execPath, ['--enable-source-maps', script], { stdio: 'inherit' });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 0));
  });
});
