import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readerGone } from './reader-gone.js';

const server = createServer();

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

/** A request, and who sent it. */
async function asked() {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1', () =>
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
  );
  const [, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  return { socket, response };
}

describe('whoever asked', () => {
  it('is there until the answer is sent, and then nothing is to be ended', async () => {
    const { socket, response } = await asked();
    const gone = readerGone(response);
    response.end('done');
    await once(response, 'close');
    expect(gone.aborted).toBe(false);
    socket.destroy();
  });
  it('is gone when the connection ends before', async () => {
    const { socket, response } = await asked();
    const gone = readerGone(response);
    socket.destroy();
    await once(gone, 'abort');
    expect(gone.reason).toMatchObject({ code: 'storage_unavailable' });
  });
  it('is gone already, where it went while the work waited for its turn', async () => {
    const { socket, response } = await asked();
    socket.destroy();
    await once(response, 'close');
    expect(readerGone(response).aborted).toBe(true);
  });
});
