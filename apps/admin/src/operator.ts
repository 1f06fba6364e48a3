import 'reflect-metadata';
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { createDataSource, loadConfig, MODES, runMain, type Mode } from '#lib/platform';
import { COMMANDS, type Options } from './commands.js';
import { CommandRefused } from './command-refused.js';
import type { OperatorContext } from './context.js';

const OPTIONS = {
  mode: { type: 'string' },
  hierarchy: { type: 'string' },
  tenant: { type: 'string' },
  name: { type: 'string' },
  id: { type: 'string' },
  scope: { type: 'string', multiple: true },
  allow: { type: 'string', multiple: true },
  'expires-at': { type: 'string' },
  format: { type: 'string' },
  none: { type: 'boolean' },
  term: { type: 'string', multiple: true },
  offset: { type: 'string' },
  file: { type: 'string' },
  fingerprint: { type: 'string' },
  'crl-index': { type: 'string' },
  layout: { type: 'string' },
  'ocsp-url': { type: 'string' },
  wait: { type: 'boolean' },
  timeout: { type: 'string' },
  all: { type: 'boolean' },
  certificate: { type: 'string' },
  at: { type: 'string' },
  email: { type: 'string' },
  role: { type: 'string', multiple: true },
  reason: { type: 'string' },
  verification: { type: 'string' },
  person: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  actor: { type: 'string' },
  action: { type: 'string' },
  target: { type: 'string' },
  limit: { type: 'string' },
  month: { type: 'string' },
  keys: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const usage = (): string =>
  ['usage: operator <command> [options]', ...COMMANDS.map(({ words, help }) => `  ${words.join(' ')} ${help}`)].join(
    '\n',
  );

function asMode(text: string | undefined): Mode | undefined {
  if (text === undefined) return undefined;
  const mode = MODES.find((each) => each === text);
  if (!mode) throw new CommandRefused('--mode is live or test');
  return mode;
}

function asHierarchy(text: string | undefined): 'sign' | 'auth' | undefined {
  if (text === undefined || text === 'sign' || text === 'auth') return text;
  throw new CommandRefused('--hierarchy is sign or auth');
}

function read(argv: string[]): { positionals: string[]; options: Options } {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new CommandRefused((error as Error).message);
  }
  const { mode, hierarchy, ...rest } = parsed.values;
  return {
    positionals: parsed.positionals,
    options: { ...rest, mode: asMode(mode), hierarchy: asHierarchy(hierarchy) },
  };
}

async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new CommandRefused('there is nobody to ask: give --fingerprint');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}

/** A terminal that shows the question and nothing of the answer. */
async function askSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new CommandRefused('there is nobody to ask: this needs a terminal');
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

async function run(): Promise<void> {
  const { positionals, options } = read(process.argv.slice(2));
  if (options.help) return void process.stdout.write(`${usage()}\n`);
  const command = COMMANDS.find(({ words }) => words.join(' ') === positionals.join(' '));
  if (!command) throw new CommandRefused(usage());
  const config = loadConfig(['DATABASE_URL'], process.env);
  const dataSource = await createDataSource({
    url: config.DATABASE_URL,
    pool: 2,
    applicationName: 'shomei-operator',
  }).initialize();
  try {
    const context: OperatorContext = {
      dataSource,
      actor: `operator:${userInfo().username}`,
      out: (line) => void process.stdout.write(`${line}\n`),
      ask,
      askSecret,
      ...(process.env['REDIS_URL'] ? { redisUrl: loadConfig(['REDIS_URL'], process.env).REDIS_URL } : {}),
    };
    await command.run(context, options);
  } finally {
    await dataSource.destroy();
  }
}

// A reader such as `head` that has seen enough is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
if (process.channel) {
  process.once('disconnect', () => process.exit(1));
  process.channel.unref();
}
runMain(run);
