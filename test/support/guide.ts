import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Commands of a guide that belong together, and the answer that the guide shows below them. */
export interface Step {
  /** Line of the guide on which the commands begin. */
  line: number;
  commands: string;
  /** Absent where the guide shows nothing: then the commands must print nothing. */
  shown?: unknown;
}

/** What a reader has at hand before the first command. */
export interface Surroundings {
  /** Addresses of the running system, each replacing the one that is printed in the guides. */
  addresses: Record<string, string>;
  env: Record<string, string>;
  timeoutMs: number;
}

const FENCE = /^```(\S*)[^\n]*\n(.*?)^```$/gms;

/** The fenced `sh` blocks of a guide in their order, each with the `json` block that follows it. */
export function readGuide(text: string): Step[] {
  const steps: Step[] = [];
  for (const { 1: language, 2: content, index } of text.matchAll(FENCE)) {
    const line = text.slice(0, index).split('\n').length + 1;
    const last = steps.at(-1);
    if (language === 'sh') steps.push({ line, commands: content! });
    else if (language === 'json') {
      if (!last || 'shown' in last) throw new Error(`line ${line}: an answer to no command`);
      last.shown = JSON.parse(content!);
    }
  }
  return steps;
}

/**
 * Runs the steps in one session of `sh`, which ends at the first command that fails, in a directory of its own.
 * @returns what is not as the guide says, a line or more each; empty when all is
 */
export async function followGuide(
  steps: readonly Step[],
  { addresses, env, timeoutMs }: Surroundings,
): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'shomei-guide-'));
  const file = (index: number, stream: 'out' | 'err'): string => join(directory, `${index}.${stream}`);
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  try {
    // The number of a step says how far the session came.
    const script = steps.map(
      ({ commands }, index) => `exec > '${file(index, 'out')}' 2> '${file(index, 'err')}'\n${commands}`,
    );
    const shell = spawn('sh', ['-eu', '-c', script.join('\n')], {
      cwd: directory,
      env: { PATH: process.env['PATH'], ...env },
      stdio: 'ignore',
      detached: true,
    });
    const deadline = setTimeout(() => process.kill(-shell.pid!, 'SIGKILL'), timeoutMs);
    const [code, signal] = (await once(shell, 'close')) as [number | null, string | null];
    clearTimeout(deadline);
    const reached = steps.filter((_, index) => existsSync(file(index, 'out')));
    const names: Names = { toReal: new Map(), toShown: new Map() };
    return reached.flatMap((step, index) => {
      if (code !== 0 && index === reached.length - 1) {
        const said = `${read(file(index, 'out'))}${read(file(index, 'err'))}`.trim();
        return [`line ${step.line}: ended with ${signal ?? `exit code ${code}`}: ${said}`];
      }
      let text = read(file(index, 'out'));
      for (const [printed, real] of Object.entries(addresses)) text = text.replaceAll(real, printed);
      return judgeStep(step, text, names).map((fault) => `line ${step.line}: ${fault}`);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Short forms of ids and what they have stood for so far, both ways. */
export interface Names {
  toReal: Map<string, string>;
  toShown: Map<string, string>;
}

function judgeStep(step: Step, output: string, names: Names): string[] {
  if (!('shown' in step)) return output.trim() === '' ? [] : [`prints what the guide does not show: ${output.trim()}`];
  let real: unknown;
  try {
    real = JSON.parse(output);
  } catch {
    return [`prints no JSON: ${output.trim()}`];
  }
  const faults = differences(step.shown, real, names);
  return faults.length === 0 ? [] : [`${faults.join('\n  ')}\n  in the answer ${JSON.stringify(real, null, 2)}`];
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const SHORT_ID = /^([a-z]{3}_)[a-z0-9-]+…$/;
const ID = /^[a-z]{3}_[0-9a-f]{32}$/;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/**
 * Where an answer is not the one shown: members and values must be the same. Three kinds of text stand for others:
 * an instant for any instant; `per_a…` for an id of that kind, the same one wherever it is shown and no other; `…` for
 * any text.
 */
export function differences(shown: unknown, real: unknown, names: Names, path = 'answer'): string[] {
  if (isObject(shown) && isObject(real) && Array.isArray(shown) === Array.isArray(real)) {
    const [left, right] = [new Map(Object.entries(shown)), new Map(Object.entries(real))];
    return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
      if (!right.has(key)) return [`${path}.${key} is shown and missing`];
      if (!left.has(key)) return [`${path}.${key} is there and not shown`];
      return differences(left.get(key), right.get(key), names, `${path}.${key}`);
    });
  }
  const same = typeof shown === 'string' && typeof real === 'string' ? standsFor(shown, real, names) : shown === real;
  return same ? [] : [`${path} is ${JSON.stringify(real)}, shown as ${JSON.stringify(shown)}`];
}

function standsFor(shown: string, real: string, { toReal, toShown }: Names): boolean {
  if (shown === '…') return real !== '';
  if (INSTANT.test(shown)) return INSTANT.test(real);
  const prefix = SHORT_ID.exec(shown)?.[1];
  if (prefix === undefined) return shown === real;
  if (!ID.test(real) || !real.startsWith(prefix)) return false;
  if ((toReal.get(shown) ?? real) !== real || (toShown.get(real) ?? shown) !== shown) return false;
  toReal.set(shown, real);
  toShown.set(real, shown);
  return true;
}
