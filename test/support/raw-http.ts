import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came back over a connection on which nobody spoke proper HTTP. */
export interface WireAnswer {
  status: number;
  headers: Map<string, string>;
  body: Record<string, unknown>;
}

const GIVE_UP_MS = 20_000;

export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  // The other side may end it while we still write.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Sends octets, ends its half if told so, and reads until the other side ends the connection. */
export async function speak(url: string, text: string, { end = false } = {}): Promise<WireAnswer[]> {
  const socket = await openSocket(url);
  socket.write(text, 'latin1');
  if (end) socket.end();
  return listen(socket);
}

/** @throws Error when the other side keeps the connection open. */
export async function listen(socket: Socket): Promise<WireAnswer[]> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const timer = setTimeout(() => socket.destroy(new Error('the connection stays open')), GIVE_UP_MS);
  const failed = new Promise<never>((_, reject) =>
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    }),
  );
  await Promise.race([new Promise((resolve) => socket.once('end', resolve).once('close', resolve)), failed]);
  clearTimeout(timer);
  socket.destroy();
  return parse(Buffer.concat(chunks).toString('utf8'));
}

function parse(text: string): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let rest = text; rest !== '';) {
    const [head, ...more] = rest.split('\r\n\r\n');
    const [line, ...fields] = head!.split('\r\n');
    const headers = new Map(
      fields.map((field) => [field.split(':')[0]!.toLowerCase(), field.slice(field.indexOf(':') + 1).trim()]),
    );
    const after = Buffer.from(more.join('\r\n\r\n'));
    const length = Number(headers.get('content-length') ?? after.length);
    const body = after.subarray(0, length).toString();
    answers.push({
      status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(line!)?.[1]),
      headers,
      body: body.startsWith('{') ? (JSON.parse(body) as Record<string, unknown>) : {},
    });
    rest = after.subarray(length).toString();
  }
  return answers;
}
