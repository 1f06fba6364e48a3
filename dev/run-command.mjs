import { spawn } from 'node:child_process';
import { LaunchProblem } from './launch-problem.mjs';

/**
 * Runs a program to its end. Returns its standard output when `capture` is set, else its output goes where ours goes.
 * A failure is a `LaunchProblem` that carries what the program said. `quiet` shows output only on failure.
 */
export function runCommand(command, args, { capture = false, quiet = false, what = command, ...options } = {}) {
  const piped = capture || quiet;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', piped ? 'pipe' : 'inherit', piped ? 'pipe' : 'inherit'],
      ...options,
    });
    const out = [];
    const err = [];
    child.stdout?.on('data', (chunk) => out.push(chunk));
    child.stderr?.on('data', (chunk) => err.push(chunk));
    child.once('error', (error) => reject(new LaunchProblem(`${what} could not be run: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString('utf8'));
      const said = Buffer.concat([...out, ...err])
        .toString('utf8')
        .trimEnd();
      reject(new LaunchProblem(`${said}${said && '\n'}${what} failed (${signal ?? `exit code ${code}`}).`));
    });
  });
}
