import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import { ALLOWED_IMPORTS, PARENTS, RULES, TOP_LEVEL } from './boundary-rules.mjs';

/** Folders of code below `base` that the table does not know. */
export function foldersWithoutRow(base) {
  const folders = PARENTS.filter((parent) => existsSync(join(base, parent))).flatMap((parent) =>
    readdirSync(join(base, parent)).map((name) => `${parent}/${name}`),
  );
  return [...folders, ...TOP_LEVEL].filter((folder) => !(folder in ALLOWED_IMPORTS));
}

/**
 * Every import below `base` that breaks a rule, one line each: static, type-only and dynamic ones, by relative path or
 * alias. Also counts the modules seen, so that a check that looked at nothing is not taken for a clean one.
 *
 * @returns {Promise<{ modules: number, faults: string[] }>}
 */
export async function checkBoundaries(base) {
  const faults = foldersWithoutRow(base).map((folder) => `${folder}: no row in dev/boundary-rules.mjs`);
  const { output } = await cruise(
    [...PARENTS, ...TOP_LEVEL].filter((folder) => existsSync(join(base, folder))),
    {
      baseDir: base,
      ruleSet: RULES,
      validate: true,
      // Type-only imports bind folders together just as others do.
      tsPreCompilationDeps: true,
      combinedDependencies: false,
      doNotFollow: { path: 'node_modules' },
      exclude: { path: '(?:^|/)(?:dist|node_modules/\\.cache)/' },
      enhancedResolveOptions: {
        exportsFields: ['exports'],
        conditionNames: ['import', 'node', 'default', 'types'],
        extensions: ['.ts', '.tsx', '.d.ts', '.mts', '.mjs', '.js', '.json'],
      },
    },
  );
  for (const { rule, from, to, cycle } of output.summary.violations)
    faults.push(`${from} → ${cycle ? cycle.map((step) => step.name).join(' → ') : to} (${rule.name})`);
  return {
    modules: output.modules.filter(({ source, coreModule }) => !coreModule && !source.includes('node_modules')).length,
    faults,
  };
}
