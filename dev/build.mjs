import { ensureCompiled } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { runMain } from './launch-problem.mjs';

await runMain(async () => {
  await ensureInstalled();
  process.stdout.write((await ensureCompiled()) ? 'Compiled to dist/.\n' : 'dist/ is up to date.\n');
});
