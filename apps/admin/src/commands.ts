import { loadConfig, type KeyRing, type Mode } from '#lib/platform';
import { auditExport, auditSearch, auditVerify } from './audit-commands.js';
import { clockSet, clockShow } from './clock-commands.js';
import { CommandRefused } from './command-refused.js';
import type { OperatorContext } from './context.js';
import { evidenceExport } from './evidence-commands.js';
import { holdLift, holdPlace } from './hold-commands.js';
import { keyRingRewrap, keyRingStatus, tenantDestroyKey } from './key-commands.js';
import { monthClose } from './month-commands.js';
import { operatorCreate, operatorList, operatorResetPassword } from './operator-commands.js';
import { importAnchor, listAnchors, refresh, revocationStatus, setSource, statusAt } from './revocation-commands.js';
import { seedDemo } from './seed-demo.js';
import {
  apiKeyCreate,
  apiKeyRevoke,
  contractSet,
  referenceFormatSet,
  tenantCreate,
  tenantRotateKey,
} from './tenant-commands.js';

export interface Options {
  mode?: Mode | undefined;
  month?: string | undefined;
  hierarchy?: 'sign' | 'auth' | undefined;
  tenant?: string | undefined;
  name?: string | undefined;
  id?: string | undefined;
  scope?: string[] | undefined;
  allow?: string[] | undefined;
  'expires-at'?: string | undefined;
  format?: string | undefined;
  none?: boolean | undefined;
  term?: string[] | undefined;
  offset?: string | undefined;
  file?: string | undefined;
  fingerprint?: string | undefined;
  'crl-index'?: string | undefined;
  layout?: string | undefined;
  'ocsp-url'?: string | undefined;
  wait?: boolean | undefined;
  timeout?: string | undefined;
  all?: boolean | undefined;
  certificate?: string | undefined;
  at?: string | undefined;
  email?: string | undefined;
  role?: string[] | undefined;
  reason?: string | undefined;
  verification?: string | undefined;
  person?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  limit?: string | undefined;
  keys?: string | undefined;
  help?: boolean | undefined;
}

interface Command {
  words: string[];
  help: string;
  run(context: OperatorContext, options: Options): Promise<unknown>;
}

/** The option's value; a command that needs it refuses to run without. */
function need<K extends keyof Options>(options: Options, name: K): NonNullable<Options[K]> {
  const value = options[name];
  if (value === undefined || value === '') throw new CommandRefused(`--${name} is missing`);
  return value;
}

const keyRing = (): KeyRing => loadConfig(['KEY_RING'], process.env).KEY_RING;

const DEFAULT_WAIT_S = 120;

function seconds(text: string | undefined): number {
  const value = text === undefined ? DEFAULT_WAIT_S : Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new CommandRefused('--timeout is a number of seconds');
  return value;
}

function auditFormatOf(text: string | undefined): 'jsonl' | 'csv' {
  if (text === undefined || text === 'jsonl') return 'jsonl';
  if (text === 'csv') return text;
  throw new CommandRefused('--format is jsonl or csv');
}

function layoutOf(text: string | undefined): 'full' | 'partitioned' {
  if (text === 'full' || text === 'partitioned') return text;
  throw new CommandRefused('--layout is full or partitioned');
}

export const COMMANDS: readonly Command[] = [
  {
    words: ['tenant', 'create'],
    help: '--name NAME',
    run: (context, options) => tenantCreate(context, keyRing(), need(options, 'name')),
  },
  {
    words: ['tenant', 'rotate-key'],
    help: '--tenant ten_… --mode live|test',
    run: (context, options) =>
      tenantRotateKey(context, keyRing(), { tenant: need(options, 'tenant'), mode: need(options, 'mode') }),
  },
  {
    words: ['tenant', 'destroy-key'],
    help: '--tenant ten_… --mode live|test --id KEY --reason TEXT',
    run: (context, options) =>
      tenantDestroyKey(context, {
        tenant: need(options, 'tenant'),
        mode: need(options, 'mode'),
        id: need(options, 'id'),
        reason: need(options, 'reason'),
      }),
  },
  {
    words: ['key-ring', 'status'],
    help: '(what is sealed under which key of the ring)',
    run: (context) => keyRingStatus(context, keyRing()),
  },
  {
    words: ['key-ring', 'rewrap'],
    help: '(signs in as an admin; seals everything under the active key)',
    run: (context) => keyRingRewrap(context),
  },
  {
    words: ['api-key', 'create'],
    help: '--tenant ten_… --mode live|test --name NAME [--scope SCOPE]… [--allow ADDRESS]… [--expires-at TIME]',
    run: (context, options) =>
      apiKeyCreate(context, {
        tenant: need(options, 'tenant'),
        mode: need(options, 'mode'),
        name: need(options, 'name'),
        scopes: options.scope ?? [],
        addresses: options.allow ?? [],
        ...(options['expires-at'] === undefined ? {} : { expiresAt: options['expires-at'] }),
      }),
  },
  {
    words: ['api-key', 'revoke'],
    help: '--id key_…',
    run: (context, options) => apiKeyRevoke(context, need(options, 'id')),
  },
  {
    words: ['operator', 'create'],
    help: '--email ADDRESS --name NAME [--role ROLE]… (roles for the first two people with any only)',
    run: (context, options) =>
      operatorCreate(context, {
        email: need(options, 'email'),
        name: need(options, 'name'),
        roles: options.role ?? [],
      }),
  },
  { words: ['operator', 'list'], help: '', run: (context) => operatorList(context) },
  {
    words: ['operator', 'reset-password'],
    help: '--email ADDRESS',
    run: (context, options) => operatorResetPassword(context, need(options, 'email')),
  },
  {
    words: ['reference-format', 'set'],
    help: '--tenant ten_… --mode live|test --format 9999-9999 | --none',
    run: (context, options) =>
      referenceFormatSet(context, {
        tenant: need(options, 'tenant'),
        mode: need(options, 'mode'),
        format: options.none ? null : need(options, 'format'),
      }),
  },
  {
    words: ['contract', 'set'],
    help: '--tenant ten_… --mode live|test --term NAME=VALUE…',
    run: (context, options) =>
      contractSet(context, {
        tenant: need(options, 'tenant'),
        mode: need(options, 'mode'),
        terms: options.term ?? [],
      }),
  },
  {
    words: ['hold', 'place'],
    help: '--tenant ten_… --mode live|test [--person per_… | --verification ver_…] --reason TEXT',
    run: (context, options) =>
      holdPlace(context, {
        tenant: need(options, 'tenant'),
        mode: need(options, 'mode'),
        reason: need(options, 'reason'),
        ...(options.person === undefined ? {} : { person: options.person }),
        ...(options.verification === undefined ? {} : { verification: options.verification }),
      }),
  },
  {
    words: ['hold', 'lift'],
    help: '--id hld_… --reason TEXT',
    run: (context, options) => holdLift(context, { id: need(options, 'id'), reason: need(options, 'reason') }),
  },
  {
    words: ['evidence', 'export'],
    help: '--verification ver_… --reason TEXT --file BUNDLE.json (signs in as an auditor)',
    run: (context, options) =>
      evidenceExport(context, {
        verification: need(options, 'verification'),
        reason: need(options, 'reason'),
        file: need(options, 'file'),
      }),
  },
  {
    words: ['clock', 'set'],
    help: '--offset +3d (test mode only; 0 is real time)',
    run: (context, options) => clockSet(context, need(options, 'offset')),
  },
  { words: ['clock', 'show'], help: '', run: (context) => clockShow(context) },
  {
    words: ['anchor', 'import'],
    help: '--mode live|test --hierarchy sign|auth --file ROOT.cer [--fingerprint SHA256] [--reason TEXT (live)]',
    run: (context, options) =>
      importAnchor(context, {
        mode: need(options, 'mode'),
        hierarchy: need(options, 'hierarchy'),
        file: need(options, 'file'),
        ...(options.fingerprint === undefined ? {} : { fingerprint: options.fingerprint }),
        ...(options.reason === undefined ? {} : { reason: options.reason }),
      }),
  },
  {
    words: ['anchor', 'list'],
    help: '[--mode live|test]',
    run: (context, options) => listAnchors(context, options.mode === undefined ? {} : { mode: options.mode }),
  },
  {
    words: ['source', 'set'],
    help: '--mode live|test --hierarchy sign|auth --crl-index URL --layout full|partitioned [--ocsp-url URL]',
    run: (context, options) =>
      setSource(context, {
        mode: need(options, 'mode'),
        hierarchy: need(options, 'hierarchy'),
        crlIndexUrl: need(options, 'crl-index'),
        layout: layoutOf(options.layout),
        ...(options['ocsp-url'] === undefined ? {} : { ocspUrl: options['ocsp-url'] }),
      }),
  },
  {
    words: ['revocation', 'refresh'],
    help: '--mode live|test [--hierarchy sign|auth] [--wait] [--timeout SECONDS]',
    run: (context, options) =>
      refresh(context, {
        mode: need(options, 'mode'),
        wait: options.wait ?? false,
        timeoutMs: seconds(options.timeout) * 1_000,
        ...(options.hierarchy === undefined ? {} : { hierarchy: options.hierarchy }),
      }),
  },
  {
    words: ['revocation', 'status'],
    help: '--mode live|test [--all]',
    run: (context, options) =>
      revocationStatus(context, {
        mode: need(options, 'mode'),
        all: options.all ?? false,
        lateMs: loadConfig(['CRL_LATE_MINUTES'], process.env).CRL_LATE_MINUTES * 60_000,
      }),
  },
  {
    words: ['revocation', 'status-at'],
    help: '--mode live|test --certificate FILE --at TIME',
    run: (context, options) =>
      statusAt(context, {
        mode: need(options, 'mode'),
        file: need(options, 'certificate'),
        at: need(options, 'at'),
      }),
  },
  {
    words: ['month', 'close'],
    help: '--mode live|test --month YYYY-MM [--wait] [--timeout SECONDS]',
    run: (context, options) =>
      monthClose(context, {
        mode: need(options, 'mode'),
        month: need(options, 'month'),
        wait: options.wait ?? false,
        timeoutMs: seconds(options.timeout) * 1_000,
      }),
  },
  {
    words: ['audit', 'export'],
    help: '--file NEW_FILE [--format jsonl|csv] [--from DAY] [--to DAY] [--tenant ten_… [--mode live|test]]',
    run: (context, options) =>
      auditExport(context, { ...options, file: need(options, 'file'), format: auditFormatOf(options.format) }),
  },
  {
    words: ['audit', 'verify'],
    help: '[--from DAY] [--to DAY] [--keys FILE]',
    run: (context, options) => auditVerify(context, options),
  },
  {
    words: ['audit', 'search'],
    help: '[--tenant ten_…] [--actor …] [--action …] [--target …] [--from DAY] [--to DAY] [--limit N]',
    run: (context, options) => auditSearch(context, options),
  },
  {
    words: ['seed-demo'],
    help: "(test mode against the sandbox, with the demo tenant's key)",
    run: (context) => seedDemo(context, keyRing(), loadConfig(['SANDBOX_URL'], process.env).SANDBOX_URL),
  },
];
