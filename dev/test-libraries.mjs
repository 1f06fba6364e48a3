import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildWhenChanged } from './build-record.mjs';
import { bundle } from './compile.mjs';
import { distDir } from './paths.mjs';

/** Each is many files, or is loaded by many tests. */
const LIBRARIES = [
  '@nestjs/bullmq',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-fastify',
  '@nestjs/swagger',
  '@nestjs/typeorm',
  '@peculiar/x509',
  'asn1js',
  'bullmq',
  'fast-check',
  'fastify',
  'iconv-lite',
  'ioredis',
  'jose',
  'pg',
  'pino',
  'pkijs',
  'prom-client',
  'rate-limiter-flexible',
  'typeorm',
  'zod',
];

const folder = join(distDir, 'test-libraries');

/**
 * Jest loads every library anew for each test file, one of its files at a time: 2 to 3 s of processor time for Nest and
 * TypeORM, and half a second when they are bundled. What several share lies in one place, so that each exists once.
 */
export function ensureTestLibraries() {
  return buildWhenChanged({
    record: join(folder, '.sources.json'),
    sources: () => ['package-lock.json', 'dev/compile.mjs', 'dev/test-libraries.mjs'],
    build: async () => {
      rmSync(folder, { recursive: true, force: true });
      await import('reflect-metadata');
      const stubs = Object.fromEntries(await Promise.all(LIBRARIES.map(async (name) => [name, await exported(name)])));
      await bundle({
        input: Object.fromEntries(LIBRARIES.map((name) => [fileName(name), `test-library:${name}`])),
        dir: folder,
        extension: '.mjs',
        // One small file, whose effect must be there before the first decorator.
        outside: ['reflect-metadata'],
        plugins: [
          {
            name: 'test-libraries',
            resolveId: (id) => (id.startsWith('test-library:') ? id : undefined),
            load: (id) => (id.startsWith('test-library:') ? stubs[id.slice('test-library:'.length)] : undefined),
          },
        ],
      });
    },
  });
}

/** For Jest's moduleNameMapper; nothing before the libraries are built, as Jest alone without `npm test` may be. */
export function testLibraryPaths() {
  if (!existsSync(join(folder, '.sources.json'))) return {};
  return Object.fromEntries(LIBRARIES.map((name) => [`^${name}$`, join(folder, `${fileName(name)}.mjs`)]));
}

const fileName = (name) => name.replace('/', '-');

/** A module that gives out, by name, all that Node gives to who imports the library. */
async function exported(name) {
  const names = Object.keys(await import(name)).filter((key) => /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key));
  return names.length > 0 ? `export { ${names.join(', ')} } from '${name}';` : `import '${name}';`;
}
