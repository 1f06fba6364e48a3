import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkBundle, keySetSchema, type BundleReport, type BundleTrust } from '#lib/verification';

const USAGE = `usage: check-evidence BUNDLE [--keys JWKS.json] [--anchor SHA256]... [--crl FILE]...

Derives the verdict of an exported evidence bundle again, with nothing but the file.

  --keys FILE      the keys of receipts you trust, from another source than the bundle: what /jwks/{mode}.json answers
  --anchor SHA256  fingerprint of a root you trust besides the known ones of JPKI; for test, that of the sandbox
  --crl FILE       a revocation list (DER) that is not in the bundle

Prints a JSON report. Exit code 0 whole and vouched for by trusted keys and roots, 1 something is wrong, 2 a file cannot be
read, 3 whole, but by whose keys or roots was not told to us, 64 wrong usage. "revocation": "attested_by_pf" means that the
issuer's statement is not there and the operator's record of it stands for it.
`;

const EXIT = { whole: 0, faults: 1, unreadable: 2, unconfirmed: 3, usage: 64 } as const;
/** More than any bundle that is exported: two lists of 64 MiB in base64. */
const MAX_OCTETS = 256 * 1024 * 1024;

const OPTIONS = {
  keys: { type: 'string' },
  anchor: { type: 'string', multiple: true, default: [] as string[] },
  crl: { type: 'string', multiple: true, default: [] as string[] },
  help: { type: 'boolean' },
} as const;

class WrongUsage extends Error {}

function readOptions(argv: string[]) {
  try {
    return parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}

function readKeys(file: string): NonNullable<BundleTrust['keys']> {
  try {
    return keySetSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new WrongUsage(`--keys: ${file} is not a set of keys of receipts`);
  }
}

function read(argv: string[]): { text: string; trust: BundleTrust } | undefined {
  const { values, positionals } = readOptions(argv);
  if (values.help) return undefined;
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new WrongUsage('name one bundle');
  const anchors = values.anchor.map((text) => text.replace(/[\s:]/g, '').toLowerCase());
  if (!anchors.every((each) => /^[0-9a-f]{64}$/.test(each))) throw new WrongUsage('--anchor is 64 hex digits');
  const keys = values.keys === undefined ? undefined : readKeys(values.keys);
  if (statSync(file).size > MAX_OCTETS) throw new Error(`${file} is larger than any bundle`);
  const lists = values.crl.map((path) => readFileSync(path));
  return { text: readFileSync(file, 'utf8'), trust: { anchors, lists, ...(keys ? { keys } : {}) } };
}

function exitCodeOf({ faults, keys, anchors, rederived }: BundleReport): number {
  if (faults.length > 0 || rederived === undefined) return EXIT.faults;
  return keys === 'trusted' && anchors === 'trusted' ? EXIT.whole : EXIT.unconfirmed;
}

async function run(argv: string[]): Promise<number> {
  let given: ReturnType<typeof read>;
  try {
    given = read(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${error instanceof WrongUsage ? USAGE : ''}`);
    return error instanceof WrongUsage ? EXIT.usage : EXIT.unreadable;
  }
  if (given === undefined) {
    process.stdout.write(USAGE);
    return EXIT.whole;
  }
  const report = await checkBundle(given.text, given.trust);
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return exitCodeOf(report);
}

process.exitCode = await run(process.argv.slice(2));
