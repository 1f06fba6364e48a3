import { z } from 'zod';
import { SERVICE_NAMES, type ServiceRow, serviceRow } from './service-contract.js';

/** Statuses every service may answer besides its own. */
const PROBLEMS = {
  400: '`request_invalid`.',
  403: '`client_certificate_refused`: the certificate is expired, revoked, of another authority or not the platform’s.',
  429: '`too_many_requests`, with Retry-After in seconds.',
  500: '`internal_error`.',
  503: '`unavailable`, with or without Retry-After in seconds.',
};

const schemaReference = (id: string) => ({ $ref: `#/components/schemas/${id}` });
const json = (schema: object) => ({ 'application/json': { schema } });
const header = (name: string, description: string, schema: object) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string', ...schema },
});

const CALL_ID = header('X-Request-Id', 'New for each call, the same when that call is repeated.', { format: 'uuid' });
const SERVICE_ID = header('X-Service-Id', 'The service provider for which the platform asks.', {
  pattern: '^ten_[0-9a-f]{32}$',
});

/** The named schemas of the contract, by name. */
function components(): Record<string, object> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
  });
  const problem = {
    type: 'object',
    description: 'RFC 9457.',
    properties: { code: { type: 'string' }, title: { type: 'string' }, status: { type: 'integer' } },
    required: ['code'],
  };
  const named = Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, id: _name, ...schema }]) => [
    id,
    schema,
  ]);
  return { ...(Object.fromEntries(named) as Record<string, object>), Problem: problem };
}

const idOf = (schema: z.ZodType): string => schema.meta()!.id!;

function operation(name: string, row: ServiceRow): object {
  const query =
    row.method === 'POST'
      ? []
      : Object.entries(row.request.shape).map(([parameter, schema]) => {
          const { $schema: _, ...stated } = z.toJSONSchema(schema, { io: 'input' });
          return { name: parameter, in: 'query', required: false, schema: stated };
        });
  const problems: Record<string, string> = { ...PROBLEMS };
  if (row.refusal) {
    const { status, code } = row.refusal;
    problems[status] = [problems[status], `\`${code}\`: see above.`].filter(Boolean).join(' ');
  }
  return {
    operationId: name,
    summary: row.summary,
    description: row.description,
    parameters: [CALL_ID, ...(row.platformWide ? [] : [SERVICE_ID]), ...query],
    ...(row.method === 'POST'
      ? { requestBody: { required: true, content: json(schemaReference(idOf(row.request))) } }
      : {}),
    responses: {
      200: {
        description: row.metered ? 'Charged by its state.' : 'Not charged.',
        content: json(schemaReference(idOf(row.answer))),
      },
      ...Object.fromEntries(
        Object.entries(problems).map(([status, description]) => [
          status,
          { description, content: { 'application/problem+json': { schema: schemaReference('Problem') } } },
        ]),
      ),
    },
  };
}

const paths = Object.fromEntries(
  SERVICE_NAMES.map((name) => {
    const row = serviceRow(name);
    return [row.path, { [row.method.toLowerCase()]: operation(name, row) }];
  }),
);

/** Prints the OpenAPI 3.1 document of the contract between the platform and whatever stands before J-LIS. */
process.stdout.write(
  `${JSON.stringify(
    {
      openapi: '3.1.0',
      info: {
        title: 'J-LIS services',
        version: '1',
        description:
          'What this platform asks of J-LIS. The interface of J-LIS itself is told under its non-disclosure agreement only; an adapter speaks this contract in its place, and so does the sandbox. HTTPS with certificates of both sides. Bodies are JSON in UTF-8 of at most 64 KiB. Members that are not known are ignored. No redirects.',
      },
      security: [{ mutualTLS: [] }],
      paths,
      components: { securitySchemes: { mutualTLS: { type: 'mutualTLS' } }, schemas: components() },
    },
    null,
    2,
  )}\n`,
);
