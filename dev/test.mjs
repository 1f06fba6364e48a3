import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_ARGUMENTS } from './app-process.mjs';
import { findChromium } from './chromium.mjs';
import { ensureCompiled } from './compile.mjs';
import { ensureConsole } from './console.mjs';
import { ensureInstalled } from './install.mjs';
import { runMain } from './launch-problem.mjs';
import { findLibreOffice } from './libreoffice.mjs';
import { cacheDir, root } from './paths.mjs';
import { withDatabaseName } from './sql.mjs';
import { startStack } from './stack.mjs';
import { ensureTestLibraries } from './test-libraries.mjs';

const report = join(cacheDir, `test-report-${process.pid}.json`);

/**
 * `npm test [-- jest arguments]`: all tests on servers of their own, which are gone afterwards. Every test file that
 * needs a database copies the migrated template; `test/support/` knows how.
 */
await runMain(async () => {
  const args = process.argv.slice(2);
  await ensureInstalled();
  await ensureTestLibraries();
  const stack = onlyUnit(args) ? undefined : await startServers();
  try {
    return summarize(await runJest([...args, ...withoutPrograms(args)], stack ? testEnvironment(stack) : {}));
  } finally {
    await stack?.stop();
  }
});

async function startServers() {
  await ensureCompiled();
  await ensureConsole();
  const stack = await startStack({ throwaway: true, apps: [], announce: (line) => process.stdout.write(`${line}\n`) });
  // Its authorities and cards take a second to make: each test's sandbox begins with a copy.
  await stack.sandbox.start();
  await stack.sandbox.stop();
  return stack;
}

/** Without a browser or a spreadsheet the tests that need one are left out, and it is said; in CI they fail. */
function withoutPrograms(args) {
  if (process.env.CI || args.includes('--selectProjects')) return [];
  const missing = [];
  if (!findChromium()) {
    process.stdout.write('No Chromium here: the browser tests are left out. Install it, or name it in CHROMIUM.\n');
    missing.push('browser');
  }
  if (!findLibreOffice()) {
    process.stdout.write(
      'No LibreOffice here: the spreadsheet tests are left out. Install libreoffice-calc, or name it in LIBREOFFICE.\n',
    );
    missing.push('spreadsheet');
  }
  return missing.length > 0 ? ['--ignoreProjects', ...missing] : [];
}

/** `--selectProjects unit` alone needs neither servers nor compiled programs. */
function onlyUnit(args) {
  const at = args.indexOf('--selectProjects');
  if (at < 0) return false;
  const rest = args.slice(at + 1);
  const end = rest.findIndex((arg) => arg.startsWith('-'));
  const projects = end < 0 ? rest : rest.slice(0, end);
  return (
    projects[0] === 'unit' &&
    !projects.some((name) => ['service', 'api', 'system', 'browser', 'spreadsheet'].includes(name))
  );
}

/** What `test/support/` reads. */
function testEnvironment(stack) {
  return {
    TEST_DATABASE_ADMIN_URL: withDatabaseName(stack.urls.database.owner, 'postgres'),
    TEST_DATABASE_TEMPLATE: new URL(stack.urls.database.owner).pathname.slice(1),
    TEST_API_DB_PASSWORD: stack.secrets.api,
    TEST_WORKER_DB_PASSWORD: stack.secrets.worker,
    TEST_ADMIN_DB_PASSWORD: stack.secrets.admin,
    TEST_OPERATOR_DB_PASSWORD: stack.secrets.operator,
    TEST_REDIS_URL: stack.urls.redis,
    TEST_SANDBOX_STATE: join(stack.dataDir, 'sandbox'),
    TEST_CHROMIUM: findChromium() ?? '',
    TEST_LIBREOFFICE: findLibreOffice() ?? '',
    TEST_KEY_RING: JSON.stringify(stack.secrets.keyRing),
    TEST_SIGNING_KEYS: JSON.stringify(stack.secrets.signingKeys),
    TEST_AUDIT_SIGNING_KEY: JSON.stringify(stack.secrets.auditSigningKey),
  };
}

function runJest(args, env) {
  mkdirSync(cacheDir, { recursive: true });
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  // All cores: the default leaves one idle.
  const fixed = ['--ci', '--maxWorkers=100%', '--json', `--outputFile=${report}`];
  return new Promise((resolve, reject) => {
    const node = ['--experimental-vm-modules', '--no-warnings', ...NODE_ARGUMENTS];
    const child = spawn(process.execPath, [...node, jest, ...fixed, ...args], {
      cwd: root,
      env: { ...process.env, NODE_ENV: 'test', ...env },
      // The report goes to its file; without this, --json would also print it.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    // We outlive jest: the servers are stopped after it, and what it counted is told.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** The last line counts the tests; a test file that could not even be loaded counts as one failed. */
function summarize(code) {
  if (!existsSync(report)) {
    process.stdout.write('Jest wrote no report.\n0 passed, 1 failed\n');
    return code || 1;
  }
  const result = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(report);
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  if (result.numPendingTests + result.numTodoTests > 0)
    process.stdout.write(`${result.numPendingTests + result.numTodoTests} skipped\n`);
  process.stdout.write(`${result.numPassedTests} passed, ${failed} failed\n`);
  return code || (failed > 0 ? 1 : 0);
}
