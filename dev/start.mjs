import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureCompiled } from './compile.mjs';
import { ensureConsole } from './console.mjs';
import { curlLine, DEMO_CARD, knownDemo, seedDemo, signedRequest, verify } from './demo.mjs';
import { firstOperator } from './first-operator.mjs';
import { ensureInstalled } from './install.mjs';
import { LaunchProblem, runMain } from './launch-problem.mjs';
import { dataDir } from './paths.mjs';
import { describeProcess, identify, isAlive } from './process-identity.mjs';
import { startStack } from './stack.mjs';

const began = Date.now();
const seconds = (since) => ((Date.now() - since) / 1000).toFixed(1);
const print = (line) => process.stdout.write(`${line}\n`);
let stopAsked = false;

/**
 * `npm start`: everything, from a clean clone to a first verification, and then serves until Ctrl-C.
 * DATABASE_URL (the owner's) and REDIS_URL name servers to use instead of own ones; PORT, ADMIN_PORT, SANDBOX_PORT and
 * SANDBOX_JLIS_PORT move the applications.
 */
await runMain(async () => {
  const stopRequested = stopRequest();
  await step('install', ensureInstalled);
  await step('build', ensureCompiled);
  await step('console', ensureConsole);
  const stack = await startStack({
    dataDir,
    step,
    announce: print,
    apps: ['sandbox'],
    ports: {
      api: portFrom('PORT', 3000),
      admin: portFrom('ADMIN_PORT', 3001),
      sandbox: portFrom('SANDBOX_PORT', 4010),
      jlis: portFrom('SANDBOX_JLIS_PORT', 4011),
    },
    ...(process.env.DATABASE_URL ? { databaseUrl: process.env.DATABASE_URL } : {}),
    ...(process.env.REDIS_URL ? { redisUrl: process.env.REDIS_URL } : {}),
  });
  const operatorFile = join(dataDir, 'operator-environment.json');
  try {
    writeFileSync(operatorFile, JSON.stringify(stack.operatorEnvironment()), { mode: 0o600 });
    const cause = await Promise.race([stopRequested, stack.firstEnd(), present(stack).then(() => undefined)]);
    const ending = cause ?? (await Promise.race([stopRequested, stack.firstEnd()]));
    if (ending instanceof Error) throw ending;
    print(`\n${ending}: stopping`);
  } finally {
    rmSync(operatorFile, { force: true });
    await stack.stop();
  }
});

/** Loads what a first verification needs, does one, and prints what a newcomer wants to know. */
async function present(stack) {
  // Anchors and sources are in place before the processes that read them start.
  const seeded = await step('demo tenant', () => seedDemo(stack));
  await step('worker', () => stack.worker.start());
  await step('api', () => stack.api.start());
  await step('admin', () => stack.admin.start());
  const operator = await firstOperator(stack);
  const demo = await knownDemo(stack, seeded);
  await step('revocation data', () => stack.operator(['revocation', 'refresh', '--mode', 'test', '--wait']));
  const request = await signedRequest(stack, 'Hello from Shomei');
  const answer = await step('first verification', () => verify(stack, demo.api_key, request));
  const revocation = answer.revocation ?? {};
  print('');
  print(`Ready in ${seconds(began)} s.`);
  print('');
  print(`  API           ${stack.urls.api}`);
  print(`  Console       ${stack.urls.admin}   (${operator.who})`);
  if (operator.second) print(`  Approver      ${operator.second}`);
  print(`  Sandbox       ${stack.urls.sandbox}   (cards: ${stack.urls.sandbox}/cards)`);
  print(`  Test API key  ${demo.api_key}`);
  print(`  Logs          ${stack.logDir}`);
  print('');
  print(
    `Card ${DEMO_CARD.id} signed a text; the API’s verdict: ${answer.outcome}${answer.reason ? ` (${answer.reason.code})` : ''}`,
  );
  print(`  ${answer.id}, revocation status ${revocation.status ?? 'not asked'} by ${revocation.method ?? '-'}`);
  print('');
  print('The same check, to paste into another terminal:');
  print('');
  print(curlLine(stack, demo.api_key, request));
  print('');
  print('Ctrl-C stops everything; the data stays for the next start.');
}

/** Runs one step and prints how long it took. */
async function step(name, work) {
  if (stopAsked) throw new LaunchProblem('Stopped before everything was up.');
  const from = Date.now();
  const result = await work();
  print(`${name.padEnd(20)} ${seconds(from).padStart(6)} s`);
  return result;
}

function portFrom(setting, otherwise) {
  const given = process.env[setting];
  if (!given) return otherwise;
  const port = Number(given);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new LaunchProblem(`${setting}=${given} is no port.`);
  return port;
}

/** Resolves with the cause when somebody wants us to stop. A second request ends us at once; the keepers clean up. */
function stopRequest() {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(name, () => {
        if (stopAsked) process.exit(1);
        stopAsked = true;
        resolve(name);
      });
    const npm = npmProcess();
    if (npm)
      setInterval(() => {
        if (!isAlive(npm)) resolve('npm is gone');
      }, 1_000).unref();
  });
}

/** The npm that runs us, if one does: killed, it would leave us behind with nobody to stop us. */
function npmProcess() {
  if (!process.env.npm_lifecycle_event) return undefined;
  // Some shells replace themselves by the program they run, others wait for it between npm and us.
  const parent = describeProcess(process.ppid);
  return parent && identify(/^(?:ba|da|z|k)?sh$/.test(parent.command) ? parent.parent : process.ppid);
}
