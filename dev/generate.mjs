import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ensureCompiled } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { runMain } from './launch-problem.mjs';
import { root } from './paths.mjs';
import { runCommand } from './run-command.mjs';
import { dumpSchema } from './schema-dump.mjs';
import { withDatabase } from './sql.mjs';
import { startStack } from './stack.mjs';

/**
 * `npm run generate`: writes the files that are made from code and committed. CI runs it and fails on a difference.
 * The API's description needs no database; the schema comes from one that was migrated just now.
 */
await runMain(async () => {
  await ensureInstalled();
  await ensureCompiled();
  await describe('api', 'schema.d.ts');
  await describe('admin', 'admin-schema.d.ts');
  write(
    join(root, 'docs', 'openapi', 'jlis.json'),
    await node([join('dist', 'libs', 'jlis', 'src', 'openapi.js')], 'openapi of the J-LIS services'),
  );
  write(
    join(root, 'docs', 'api', 'codes.md'),
    await node([join('dist', 'apps', 'api', 'src', 'codes-page.js')], 'codes page'),
  );
  write(
    join(root, 'docs', 'operations', 'admin-codes.md'),
    await node([join('dist', 'apps', 'admin', 'src', 'codes-page.js')], 'codes page of the operators’ REST'),
  );
  const stack = await startStack({ throwaway: true, apps: [] });
  try {
    write(join(root, 'docs', 'schema.sql'), await withDatabase(stack.urls.database.owner, dumpSchema));
  } finally {
    await stack.stop();
  }
});

/** The description of one REST application and the types of its client. */
async function describe(app, types) {
  const description = join(root, 'docs', 'openapi', `${app}.json`);
  const document = await node([join('dist', 'apps', app, 'src', 'openapi.js')], `openapi of ${app}`);
  write(description, `${JSON.stringify(JSON.parse(document), null, 2)}\n`);
  // A field with a default may be left out of a request; by default the generator makes the caller send it.
  const generator = join('node_modules', 'openapi-typescript', 'bin', 'cli.js');
  write(
    join(root, 'libs', 'api-client', 'src', types),
    await node([generator, description, '--default-non-nullable=false'], 'openapi-typescript'),
  );
}

function node(args, what) {
  return runCommand(process.execPath, args, { cwd: root, capture: true, what });
}

function write(file, content) {
  const same = existsSync(file) && readFileSync(file, 'utf8') === content;
  if (!same) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  process.stdout.write(`${same ? 'unchanged' : 'written  '}  ${relative(root, file)}\n`);
}
