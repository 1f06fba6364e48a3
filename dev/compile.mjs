import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildWhenChanged, filesBelow } from './build-record.mjs';
import { LaunchProblem } from './launch-problem.mjs';
import { distDir, root } from './paths.mjs';

const SOURCE_FOLDERS = ['apps', 'libs', 'migrations', 'test/bench', 'test/support'];
const BUILD_FILES = ['package-lock.json', 'dev/compile.mjs'];

/** The console is a browser's and is built by `console.mjs`. */
const APPS = ['api', 'admin', 'worker', 'sandbox'];

/** What is started by itself, as a process or a thread. */
const PROGRAMS = [
  /^apps\/[a-z]+\/src\/(?:main|operator|inspect|check-[a-z]+|openapi|codes-page)\.ts$/,
  /^libs\/[a-z-]+\/(?:src\/(?:openapi|[a-z]+-thread)|examples\/[a-z-]+)\.ts$/,
  /^migrations\/migrate\.ts$/,
  /^test\/bench\/[a-z-]+(?:\.bench)?\.ts$/,
  /^test\/support\/[a-z-]+-program\.ts$/,
];

/** Have a part that is not JavaScript, or read files beside their code. */
const OUTSIDE = ['@node-rs/argon2', 'autocannon', 'fontkit', 'pdfkit', 'playwright-core'];
/** Nest asks for these only when a feature is used that we do not use. */
const OPTIONAL = [
  /^@nestjs\/(?:microservices|websockets|platform-express)/,
  /^@fastify\/(?:multipart|view)$/,
  /^class-(?:validator|transformer)/,
];

/** As jest.config.mjs has them: tests and programs run the same code. */
const SWC_OPTIONS = {
  swcrc: false,
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
  sourceMaps: true,
};

/**
 * @nestjs/typeorm asks Node itself for two classes of TypeORM that are gone since its version 1. That loaded TypeORM a
 * second time, from its own files: a sixth of a program's start.
 */
const ONE_TYPEORM = {
  name: 'one-typeorm',
  transform: {
    filter: { id: /@nestjs\/typeorm\/dist\/common\/typeorm-compat\.js$/ },
    handler: (source) => {
      const asks = 'createRequire(import.meta.url)';
      if (!source.includes(asks)) throw new LaunchProblem('@nestjs/typeorm has changed: look at ONE_TYPEORM again.');
      return `import * as typeorm from 'typeorm';\n${source.replace(asks, '() => typeorm')}`;
    },
  },
};

/**
 * Builds every program to `dist/<its path>.js` when a source has changed; what several use lies in `dist/shared`.
 * Libraries are built in, because a process that reads three files starts in half the time of one that reads 2,500.
 * Types are not looked at: `npm run typecheck` does that. Returns whether it built.
 */
export function ensureCompiled() {
  return buildWhenChanged({
    record: join(distDir, '.sources.json'),
    sources: () => [...filesBelow(SOURCE_FOLDERS).filter(isSource), ...BUILD_FILES],
    build: async () => {
      const programs = filesBelow(SOURCE_FOLDERS).filter((file) => PROGRAMS.some((program) => program.test(file)));
      // What is no longer built must not live on.
      for (const folder of ['shared', 'libs', 'migrations', 'test', ...APPS.map((app) => `apps/${app}`)])
        rmSync(join(distDir, folder), { recursive: true, force: true });
      await build(programs);
    },
  });
}

async function build(programs) {
  // Only here: where the programs are built already, the tools may be gone.
  const { transform } = await import('@swc/core');
  await bundle({
    input: Object.fromEntries(programs.map((file) => [file.slice(0, -'.ts'.length), join(root, file)])),
    dir: distDir,
    sourcemap: true,
    plugins: [
      {
        name: 'swc',
        transform: {
          filter: { id: { include: /\.ts$/, exclude: /node_modules/ } },
          handler: async (source, filename) => ({
            ...(await transform(source, { ...SWC_OPTIONS, filename })),
            moduleType: 'js',
          }),
        },
      },
    ],
  });
  for (const file of readdirSync(distDir, { recursive: true }))
    if (file.endsWith('.js.map')) lighten(join(distDir, file));
}

/** Writes what `input` names to `dir`, with the libraries inside; what several use lies in `dir`/shared. */
export async function bundle({ input, dir, plugins, outside = [], sourcemap = false, extension = '.js' }) {
  const { rolldown } = await import('rolldown');
  const made = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    external: [...OUTSIDE, ...OPTIONAL, ...outside],
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    plugins: [...plugins, ONE_TYPEORM],
    onLog: (level, { code, message }) => {
      if (code === 'UNRESOLVED_IMPORT' || level === 'error') throw new LaunchProblem(message);
    },
  });
  await made.write({
    dir,
    format: 'esm',
    sourcemap,
    // Migrations are recorded, and errors told apart, by their classes' names.
    keepNames: true,
    entryFileNames: `[name]${extension}`,
    chunkFileNames: `shared/[name]-[hash]${extension}`,
  });
  await made.close();
}

/** Node reads every map at the start, for the lines of a stack: those of libraries, and texts, are left out. */
function lighten(file) {
  const { sourcesContent: _texts, ...map } = JSON.parse(readFileSync(file, 'utf8'));
  if (map.sources.some((source) => !source.includes('node_modules'))) writeFileSync(file, JSON.stringify(map));
  else {
    rmSync(file);
    const script = file.slice(0, -'.map'.length);
    writeFileSync(script, readFileSync(script, 'utf8').replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n'));
  }
}

const isSource = (name) => /(?<!\.spec|\.d)\.ts$/.test(name) && !name.startsWith('apps/console/');
