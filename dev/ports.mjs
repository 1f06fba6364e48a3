import { createConnection, createServer } from 'node:net';
import { LaunchProblem } from './launch-problem.mjs';

/** A TCP port on 127.0.0.1 that nobody listens on at this moment. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Fails with one line when an application's port is in use. `setting` is the variable that moves the application. */
export async function requirePort(port, application, setting) {
  const server = createServer();
  const code = await new Promise((resolve) => {
    server.once('error', (error) => resolve(error.code)).listen(port, '127.0.0.1', () => resolve(undefined));
  });
  if (code === undefined) return void (await new Promise((resolve) => server.close(resolve)));
  throw new LaunchProblem(
    code === 'EADDRINUSE'
      ? `Port ${port} for the ${application} is in use. Stop its owner, or choose another port with ${setting}=….`
      : `Port ${port} for the ${application} cannot be used (${code}). Choose another one with ${setting}=….`,
  );
}

/** True when something accepts connections there. */
export function accepts(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
