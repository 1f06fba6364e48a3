/**
 * Starts one server, and stops it when the launcher stops it or dies. The launcher's death, even by SIGKILL, closes
 * the IPC channel; that is the only signal nobody can forget to send. Runs in a session of its own, so that Ctrl-C
 * in the terminal does not reach the server before the applications that use it are down.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';

let server;
let spec;
let stopping = false;
let orphaned = false;

process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', stop);
process.on('disconnect', () => {
  orphaned = true;
  stop();
});
process.on('message', (message) => {
  if (message.start) start(message.start);
  else if (message.stop) stop();
});

/** `{ command, args, cwd, env, uid, gid, input, logFile, stopSignals: [[name, graceMs]…], removeWhenOrphaned: [dir…] }` */
function start(wanted) {
  spec = wanted;
  const log = openSync(spec.logFile, 'a', 0o600);
  server = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: spec.env,
    ...(spec.uid === undefined ? {} : { uid: spec.uid, gid: spec.gid }),
    stdio: [spec.input === undefined ? 'ignore' : 'pipe', log, log],
  });
  closeSync(log);
  server.once('error', (error) => finish({ error: error.message }));
  server.once('exit', (code, signal) => finish({ code, signal }));
  server.once('spawn', () => tell({ pid: server.pid }));
  server.stdin?.on('error', () => undefined).end(spec.input);
}

function stop() {
  if (stopping) return;
  stopping = true;
  if (!server) process.exit(0);
  let wait = 0;
  for (const [name, graceMs] of spec.stopSignals) {
    setTimeout(() => server.kill(name), wait).unref();
    wait += graceMs;
  }
}

function finish(ended) {
  // Otherwise the launcher removes its directories itself, and may first want to start the server again.
  if (orphaned)
    for (const directory of spec.removeWhenOrphaned) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  tell({ ended }, () => process.exit(0));
}

/** A message that cannot be delivered has no reader left; `then` runs either way. */
function tell(message, then = () => undefined) {
  if (process.connected) process.send(message, then);
  else then();
}
