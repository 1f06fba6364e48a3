import { fastify } from 'fastify';

/** The baseline of the request benchmark: parses the JSON body and answers, nothing else. Sends its parent the URL. */
const server = fastify({ bodyLimit: 2 * 1024 * 1024 });
server.post('/', async (_request, reply) => reply.status(201).send({ ok: true }));
process.once('disconnect', () => process.exit(0));
process.send?.(await server.listen({ port: 0, host: '127.0.0.1' }));
