import { ensureCompiled } from './compile.mjs';
import { ensureConsole } from './console.mjs';
import { ensureInstalled } from './install.mjs';
import { runMain } from './launch-problem.mjs';

await runMain(async () => {
  await ensureInstalled();
  const compiled = await ensureCompiled();
  const console = await ensureConsole();
  process.stdout.write(compiled || console ? 'Built to dist/.\n' : 'dist/ is up to date.\n');
});
