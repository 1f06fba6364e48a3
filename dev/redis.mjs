import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { KeptServer } from './kept-server.mjs';
import { LaunchProblem } from './launch-problem.mjs';
import { freePort } from './ports.mjs';
import { findRedis } from './redis-binary.mjs';

/**
 * Starts a Redis of our own on a free port of 127.0.0.1. It asks for a password even so: whoever can talk to a Redis
 * can make it write files as the user it runs under.
 *
 * @param {{ directory: string, password: string, throwaway: boolean, logFile: string, lock?: object,
 *   onUnaskedEnd?: (name: string) => void, port?: number,
 *   announce?: (line: string) => void, removeWhenOrphaned?: string[] }} options
 * @returns {Promise<{ server: KeptServer, url: string }>}
 */
export async function startRedis({
  directory,
  password,
  throwaway,
  logFile,
  lock,
  onUnaskedEnd,
  port,
  announce = () => undefined,
  removeWhenOrphaned = [],
}) {
  const { program, env } = await findRedis(announce);
  const location = join(directory, 'redis');
  mkdirSync(location, { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    const chosen = port ?? (await freePort());
    const server = new KeptServer('Redis', {
      lock,
      onUnaskedEnd,
      probe: () => redisAnswers(chosen, password),
      spec: {
        command: program,
        // Configuration comes on standard input, so that the password is in no argument list.
        args: ['-'],
        input: configuration({ location, port: chosen, password, throwaway }),
        cwd: location,
        env: { PATH: process.env.PATH, ...env },
        logFile,
        stopSignals: [
          ['SIGTERM', 8_000],
          ['SIGKILL', 0],
        ],
        removeWhenOrphaned,
      },
    });
    try {
      await server.start();
      return { server, url: `redis://:${encodeURIComponent(password)}@127.0.0.1:${chosen}/0` };
    } catch (error) {
      if (!(error instanceof LaunchProblem) || !/bind: Address already in use/.test(error.message) || attempt === 3)
        throw error;
    }
  }
}

function configuration({ location, port, password, throwaway }) {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    'daemonize no',
    `requirepass ${password}`,
    `dir "${location}"`,
    'databases 64',
    // BullMQ keeps its jobs here: evicting a key would lose one.
    'maxmemory-policy noeviction',
    'save ""',
    'appendonly yes',
    `appendfsync ${throwaway ? 'no' : 'everysec'}`,
    '',
  ].join('\n');
}

/** True once the server takes our password and answers PING; it answers LOADING while it reads its file. */
function redisAnswers(port, password) {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    let answer = '';
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (chunk) => {
      answer += chunk;
      if (/\+PONG|-LOADING/.test(answer)) socket.destroy();
      else if (answer.startsWith('-ERR') || answer.startsWith('-WRONGPASS')) {
        socket.destroy();
        reject(new LaunchProblem(`Redis refused our password: ${answer.trim()}`));
      }
    });
    socket.once('error', () => undefined);
    socket.once('close', () => resolve(answer.includes('+PONG')));
  });
}
