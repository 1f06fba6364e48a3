import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_ARGUMENTS } from './app-process.mjs';
import { LaunchProblem, runMain } from './launch-problem.mjs';
import { root } from './paths.mjs';
import { runCommand } from './run-command.mjs';

const read = (file) => readFileSync(join(root, file), 'utf8');

/**
 * `node dev/check-containers.mjs [--build]`: what can be known about docker-compose.yml and deploy/Dockerfile without
 * a container engine. With `--build` the Dockerfile's build stage is carried out in an empty directory, and every
 * program the compose file starts is started from the result.
 */
await runMain(async () => {
  const { load } = await import('js-yaml');
  const compose = load(read('docker-compose.yml'));
  const stages = parseDockerfile(read('deploy/Dockerfile'));
  const faults = [...composeFaults(compose), ...dockerfileFaults(stages)];
  if (faults.length > 0) throw new LaunchProblem(faults.join('\n'));
  process.stdout.write(
    `docker-compose.yml: ${Object.keys(compose.services).length} services; deploy/Dockerfile parsed.\n`,
  );
  composeByDocker();
  if (process.argv.includes('--build')) await buildByHand(stages, programs(compose, stages));
});

/** What the image starts unless told otherwise: the API. */
function imageCommand(stages) {
  return JSON.parse(stages.at(-1).findLast(({ instruction }) => instruction === 'CMD')?.text ?? '[]');
}

/** The compiled programs that the image and the services start. */
function programs(compose, stages) {
  const words = Object.values(compose.services).flatMap((service) =>
    [service.entrypoint ?? [], service.command ?? []].flat(),
  );
  words.push(...imageCommand(stages));
  return [...new Set(words.filter((word) => /^dist\/.*\.js$/.test(word)))];
}

function composeFaults(compose) {
  const faults = [];
  const example = new Set([...read('deploy/env.example').matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1]));
  for (const [, name] of read('docker-compose.yml').matchAll(/(?<!\$)\$\{([A-Z_]+)/g))
    if (!example.has(name)) faults.push(`docker-compose.yml needs ${name}, which deploy/env.example does not name.`);
  for (const [name, service] of Object.entries(compose.services)) {
    for (const other of Object.keys(service.depends_on ?? {}))
      if (!(other in compose.services)) faults.push(`Service ${name} depends on ${other}, which is not there.`);
    for (const network of service.networks ?? [])
      if (!(network in compose.networks)) faults.push(`Service ${name} is on network ${network}, which is not there.`);
    for (const [setting, value] of Object.entries(service.environment ?? {}))
      if (/PASSWORD|KEY_RING|SIGNING_KEY/.test(setting) && !/\$\{/.test(String(value)))
        faults.push(`Service ${name} has ${setting} written into the file.`);
  }
  return faults;
}

/** Stages as lists of `{ instruction, words | text }`; continuation lines joined, comments dropped. */
function parseDockerfile(text) {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages = [];
  for (const line of lines) {
    const [, instruction, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (!instruction) throw new LaunchProblem(`deploy/Dockerfile: cannot read “${line}”.`);
    if (instruction === 'FROM') stages.push([]);
    stages.at(-1)?.push({ instruction, text: rest.trim() });
  }
  return stages;
}

function copied({ text }) {
  const words = text.split(/\s+/);
  return words.some((word) => word.startsWith('--from')) ? [] : words.slice(0, -1);
}

function dockerfileFaults(stages) {
  const allowed = new Set([...read('.dockerignore').matchAll(/^!(\S+)/gm)].map((match) => match[1]));
  const sources = stages
    .flat()
    .filter(({ instruction }) => instruction === 'COPY')
    .flatMap(copied);
  const faults = sources
    .filter((path) => !existsSync(join(root, path)))
    .map((path) => `deploy/Dockerfile copies ${path}, which is not there.`);
  for (const path of sources)
    if (!allowed.has(path)) faults.push(`deploy/Dockerfile copies ${path}, which .dockerignore leaves out.`);
  if (stages.at(-1).findLast(({ instruction }) => instruction === 'USER')?.text !== 'node')
    faults.push('deploy/Dockerfile does not end as an unprivileged user.');
  for (const argument of API_ARGUMENTS)
    if (!imageCommand(stages).includes(argument))
      faults.push(`deploy/Dockerfile starts the API without ${argument}, with which the launcher starts it.`);
  return faults;
}

/** The client needs no engine to parse; where it is there, its opinion counts. */
function composeByDocker() {
  if (spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status !== 0)
    return void process.stdout.write('docker compose is not here: the file was parsed as YAML only.\n');
  const env = { ...process.env };
  for (const [, name] of read('deploy/env.example').matchAll(/^([A-Z_]+)=/gm)) env[name] = 'checked';
  const answer = spawnSync('docker', ['compose', '--file', join(root, 'docker-compose.yml'), 'config', '--quiet'], {
    env,
    encoding: 'utf8',
  });
  if (answer.status !== 0) throw new LaunchProblem(`docker compose config:\n${answer.stderr}`);
  process.stdout.write('docker compose config accepts the file.\n');
}

/**
 * What the lock file asks for was installed here before: linked, or copied where another file system begins. npm's own
 * record is written anew by pruning, so it is a copy; and it is younger than the lock file, as after an installation.
 */
function installedHere() {
  return `cp -al '${root}/node_modules' . 2>/dev/null || cp -a '${root}/node_modules' .
cp --remove-destination '${root}/node_modules/.package-lock.json' node_modules/`;
}

async function buildByHand([build], started) {
  const directory = mkdtempSync(join(tmpdir(), 'shomei-image-'));
  try {
    for (const step of build) {
      if (step.instruction === 'COPY')
        for (const path of copied(step)) cpSync(join(root, path), join(directory, path), { recursive: true });
      else if (step.instruction === 'RUN') {
        process.stdout.write(`RUN ${step.text}\n`);
        const text = step.text === 'npm ci' ? installedHere() : step.text;
        await runCommand('sh', ['-ec', text], { cwd: directory, quiet: true, what: step.text });
      }
    }
    for (const program of started) startsAndAsksForSettings(directory, program);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Without settings a program loads all its modules, says in one line which setting is missing, and ends with 1. That
 * proves that nothing it imports was pruned. The sandbox has defaults for all its settings, so it is given a wrong one.
 */
function startsAndAsksForSettings(directory, program) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--enable-source-maps', program, 'seed-demo'], {
    cwd: directory,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', SANDBOX_PORT: 'none' },
    encoding: 'utf8',
    timeout: 30_000,
  });
  const said = `${stdout}${stderr}`;
  if (status !== 1 || !/[A-Z]+_[A-Z_]+/.test(said) || /ERR_MODULE_NOT_FOUND|Cannot find/.test(said))
    throw new LaunchProblem(`${program} does not start from the image's files (exit code ${status}):\n${said}`);
  process.stdout.write(`${program} starts.\n`);
}
