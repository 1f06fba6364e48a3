import { createReadStream, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AUDIT_FAULTS, ExportCheck, type ExportExpectation, MAX_EXPORT_LINE_BYTES } from '#lib/audit';
import { readTrustedKeys } from './audit-keys.js';
import { splitLines } from './inspect-lines.js';

const USAGE = `usage: check-audit FILE [--keys KEYS.json] [--from DAY] [--to DAY] [--head SEQ:HASH]

Checks an export of the audit trail (JSON lines) with nothing but the file.

  --keys FILE        the public keys you trust: {"<id>": "<base64>", …}, from another source than the export
  --from, --to DAY   the days (YYYY-MM-DD, Japan) that the export must reach over
  --head SEQ:HASH    a head you have noted; the chain must pass through it

Prints a JSON report. Exit code 0 whole and signed by trusted keys, 1 something is wrong, 2 the file cannot be read,
3 whole, but whose keys signed it was not told to us, 64 wrong usage.
`;

const EXIT = { whole: 0, faults: 1, unreadable: 2, unconfirmed: 3, usage: 64 } as const;

const OPTIONS = {
  keys: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  head: { type: 'string' },
  help: { type: 'boolean' },
} as const;

class WrongUsage extends Error {}

function read(argv: string[]): { file: string; expected: ExportExpectation } | undefined {
  const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  if (values.help) return undefined;
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new WrongUsage('name one file');
  for (const name of ['from', 'to'] as const)
    if (values[name] !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(values[name]))
      throw new WrongUsage(`--${name} is a day`);
  const head = values.head === undefined ? undefined : /^(\d{1,15}):([0-9a-f]{64})$/.exec(values.head);
  if (head === null) throw new WrongUsage('--head is a number, a colon and 64 hex digits');
  return {
    file,
    expected: {
      ...(values.keys === undefined ? {} : { trustedKeys: readTrustedKeys(readFileSync(values.keys, 'utf8')) }),
      ...(values.from === undefined ? {} : { from: values.from }),
      ...(values.to === undefined ? {} : { to: values.to }),
      ...(head === undefined ? {} : { head: { seq: Number(head[1]), head: head[2]! } }),
    },
  };
}

async function check(file: string, expected: ExportExpectation): Promise<number> {
  const checker = new ExportCheck(expected);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const textOf = (line: Buffer): string | undefined => {
    try {
      return decoder.decode(line);
    } catch {
      return undefined;
    }
  };
  const chunks = createReadStream(file) as AsyncIterable<Buffer>;
  for await (const lines of splitLines(chunks, MAX_EXPORT_LINE_BYTES))
    for (const line of lines) checker.line(line === 'too_long' ? undefined : textOf(line));
  const report = checker.report();
  const faults = report.faults.map((fault) => ({ ...fault, meaning: AUDIT_FAULTS[fault.code] }));
  process.stdout.write(`${JSON.stringify({ ...report, faults }, null, 2)}\n`);
  if (!report.whole) return EXIT.faults;
  return report.keys_confirmed ? EXIT.whole : EXIT.unconfirmed;
}

async function run(argv: string[]): Promise<number> {
  try {
    const wanted = read(argv);
    if (wanted) return await check(wanted.file, wanted.expected);
    process.stdout.write(USAGE);
    return EXIT.whole;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const usage = error instanceof WrongUsage || code?.startsWith('ERR_PARSE_ARGS') === true;
    process.stderr.write(usage ? `${message}\n${USAGE}` : `${message}\n`);
    return usage ? EXIT.usage : EXIT.unreadable;
  }
}

process.exitCode = await run(process.argv.slice(2));
