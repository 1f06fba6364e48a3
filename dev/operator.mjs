import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchProblem, runMain } from './launch-problem.mjs';
import { dataDir, root } from './paths.mjs';

/**
 * `npm run operator -- <command>`: the operator's command against the installation that `npm start` runs at this
 * moment. In production the command is started directly, with its own settings.
 */
await runMain(async () => {
  const file = join(dataDir, 'operator-environment.json');
  if (!existsSync(file)) throw new LaunchProblem('Nothing is running here: start it with `npm start` first.');
  const script = join(root, 'dist', 'apps', 'admin', 'src', 'operator.js');
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, ...JSON.parse(readFileSync(file, 'utf8')) },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
});
