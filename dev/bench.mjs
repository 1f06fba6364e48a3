import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { NODE_ARGUMENTS } from './app-process.mjs';
import { ensureCompiled } from './compile.mjs';
import { ensureConsole } from './console.mjs';
import { ensureInstalled } from './install.mjs';
import { LaunchProblem, runMain } from './launch-problem.mjs';
import { cacheDir, distDir, root } from './paths.mjs';

/**
 * `npm run bench [-- name…]`: runs every compiled `test/bench/<name>.bench.js`, one after the other, and prints a table.
 * Each exports `bench(): Promise<Row[]>`, rows of names, numbers and `goal` and `met`; with `export const needsStack =
 * true` it is called as `bench({ startStack, chromiumPath })` (see `stack.d.mts` and `chromium.mjs`).
 */
await runMain(async () => {
  const wanted = process.argv.slice(2);
  await ensureInstalled();
  await ensureCompiled();
  await ensureConsole();
  const directory = join(distDir, 'test', 'bench');
  const names = (existsSync(directory) ? readdirSync(directory) : [])
    .filter((file) => file.endsWith('.bench.js'))
    .map((file) => file.slice(0, -'.bench.js'.length))
    .filter((name) => wanted.length === 0 || wanted.includes(name))
    .sort();
  if (names.length === 0)
    throw new LaunchProblem(`No benchmark${wanted.length > 0 ? ` named ${wanted.join(', ')}` : ''}.`);
  const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const results = { machine, date: new Date().toISOString(), benchmarks: {} };
  process.stdout.write(`${machine}, ${results.date}\n`);
  for (const name of names) {
    process.stdout.write(`\n${name}\n`);
    results.benchmarks[name] = await runBenchmark(join(directory, `${name}.bench.js`));
    process.stdout.write(`${table(results.benchmarks[name])}\n`);
  }
  mkdirSync(cacheDir, { recursive: true });
  writeFileSync(join(cacheDir, 'bench.json'), `${JSON.stringify(results, null, 2)}\n`);
});

function runBenchmark(file) {
  return new Promise((resolve, reject) => {
    const child = fork(join(root, 'dev', 'run-benchmark.mjs'), [file], { cwd: root, execArgv: NODE_ARGUMENTS });
    let rows;
    child.on('message', (message) => (rows = message.rows));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 && rows) resolve(rows);
      else reject(new LaunchProblem(`${file} failed (exit code ${code}).`));
    });
  });
}

/** Columns are the rows' own fields, in the order of their first appearance. */
function table(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  return lines.map((line) => `  ${line.map((text, at) => text.padEnd(widths[at])).join('  ')}`.trimEnd()).join('\n');
}

function cell(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toPrecision(3);
  if (typeof value === 'boolean') return value ? 'yes' : 'NO';
  return value === undefined ? '' : String(value);
}
