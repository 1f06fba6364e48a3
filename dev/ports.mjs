import { createConnection, createServer } from 'node:net';
import { LaunchProblem } from './launch-problem.mjs';

/**
 * Below the ports from which systems take the near end of an outgoing connection (32768 and above on Linux, 49152 on
 * others): a port that was free a moment ago is otherwise taken by any client before its server has started, or while
 * it restarts. From 10100 on no port is refused by browsers and `fetch`.
 */
const FIRST = 10_100;
const LAST = 32_767;

let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

/** A TCP port on 127.0.0.1 that nobody listens on at this moment; never one that this process was given before. */
export async function freePort() {
  for (let tried = FIRST; tried <= LAST; tried++) {
    const port = next;
    next = port < LAST ? port + 1 : FIRST;
    if ((await refusal(port)) === undefined) return port;
  }
  throw new LaunchProblem(`No port from ${FIRST} to ${LAST} is free on 127.0.0.1.`);
}

/** Fails with one line when an application's port is in use. `setting` is the variable that moves the application. */
export async function requirePort(port, application, setting) {
  const code = await refusal(port);
  if (code === undefined) return;
  throw new LaunchProblem(
    code === 'EADDRINUSE'
      ? `Port ${port} for the ${application} is in use. Stop its owner, or choose another port with ${setting}=….`
      : `Port ${port} for the ${application} cannot be used (${code}). Choose another one with ${setting}=….`,
  );
}

/** Why nobody can listen on the port now, as the system's code; undefined when one can. */
async function refusal(port) {
  const server = createServer();
  const code = await new Promise((resolve) => {
    server.once('error', (error) => resolve(error.code)).listen(port, '127.0.0.1', () => resolve(undefined));
  });
  if (code === undefined) await new Promise((resolve) => server.close(resolve));
  return code;
}

/** True when something accepts connections there. */
export function accepts(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
