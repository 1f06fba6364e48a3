import { resolve } from 'node:path';
import { checkBoundaries } from './boundary-check.mjs';
import { LaunchProblem, runMain } from './launch-problem.mjs';
import { root } from './paths.mjs';

/** `npm run boundaries [-- directory]`: checks this tree, or another one laid out like it. */
await runMain(async () => {
  const { modules, faults } = await checkBoundaries(resolve(process.argv[2] ?? root));
  if (faults.length > 0) throw new LaunchProblem(`${faults.join('\n')}\n${faults.length} imports across boundaries.`);
  process.stdout.write(`${modules} modules, every import within its boundary.\n`);
});
