import { parseArgs } from 'node:util';
import { runBatch } from './inspect-batch.js';
import { inspectFiles } from './inspect-files.js';
import { RequestMalformed } from './inspect-request.js';

const USAGE = `usage: inspect --certificate FILE [--intermediate FILE]... --anchor FILE... [options]
       inspect --batch < requests.jsonl

  --at TIME                  ISO 8601 with zone, or Unix seconds or milliseconds; default now
  --profile PROFILE          rfc5280 (default), jpki_sign or jpki_auth
  --revocation METHOD        none, crl or ocsp; default what files are given for
  --crl FILE, --ocsp FILE    revocation data; each may be repeated
  --policy OID               a policy of the initial set; may be repeated
  --require-explicit-policy, --inhibit-policy-mapping, --inhibit-any-policy

Files are DER or PEM. Prints one JSON verdict. Exit code 0 valid, 1 invalid, 2 indeterminate, 64 wrong usage.
`;

const file = { type: 'string', multiple: true, default: [] as string[] } as const;
const OPTIONS = {
  batch: { type: 'boolean' },
  help: { type: 'boolean' },
  certificate: { type: 'string' },
  intermediate: file,
  anchor: file,
  crl: file,
  ocsp: file,
  at: { type: 'string' },
  profile: { type: 'string' },
  revocation: { type: 'string' },
  policy: { type: 'string', multiple: true },
  'require-explicit-policy': { type: 'boolean', default: false },
  'inhibit-policy-mapping': { type: 'boolean', default: false },
  'inhibit-any-policy': { type: 'boolean', default: false },
} as const;

const EXIT_CODES: Readonly<Record<string, number>> = { valid: 0, invalid: 1, indeterminate: 2 };
/** EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64;

function refuse(why: string): number {
  process.stderr.write(`${why}\n${USAGE}`);
  return EXIT_USAGE;
}

function runFiles(options: ReturnType<typeof read>): number {
  if (options.certificate === undefined) return refuse('--certificate is missing');
  const answer = inspectFiles({
    certificate: options.certificate,
    intermediate: options.intermediate,
    anchor: options.anchor,
    crl: options.crl,
    ocsp: options.ocsp,
    at: options.at ?? Date.now(),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.revocation === undefined ? {} : { revocation: options.revocation }),
    policy: {
      ...(options.policy === undefined ? {} : { initialPolicySet: options.policy }),
      requireExplicitPolicy: options['require-explicit-policy'],
      inhibitPolicyMapping: options['inhibit-policy-mapping'],
      inhibitAnyPolicy: options['inhibit-any-policy'],
    },
  });
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  return EXIT_CODES[String(answer['outcome'])] ?? EXIT_USAGE;
}

const read = (argv: string[]) => parseArgs({ args: argv, options: OPTIONS }).values;

async function run(argv: string[]): Promise<number> {
  const options = read(argv);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!options.batch) return runFiles(options);
  await runBatch(process.stdin, process.stdout, (error) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  });
  return 0;
}

/** Faults of what was typed: a wrong option, a field that cannot be read, a file that is not there. */
function isUsage(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return error instanceof RequestMalformed || code.startsWith('ERR_PARSE_ARGS') || /^E[A-Z]+$/u.test(code);
}

// A reader that goes away, such as `head`, ends the run.
process.stdout.on('error', () => process.exit(EXIT_USAGE));
run(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    if (isUsage(error)) process.exitCode = refuse(error.message);
    else throw error;
  },
);
