/** The parts of an OpenAPI document that tell where a request names a thing. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}
interface Operation {
  parameters?: { in: string; name: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
}

const BODY_ID = /(^|_)ids?$/;
/** A cursor is not among them: it is a place in the asker's own list. */
const QUERY_ID = /(^|_)id$|^(previous|target)$/;
const REF = '#/components/schemas/';

/** Every place where a request of the document names a thing, as `GET /v1/x/{id} path id`. */
export function idFields(document: OpenApi): string[] {
  const found = new Set<string>();
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, { parameters = [], requestBody }] of Object.entries(operations)) {
      const place = `${method.toUpperCase()} ${path}`;
      for (const { in: where, name } of parameters)
        if (where === 'path' || (where === 'query' && QUERY_ID.test(name))) found.add(`${place} ${where} ${name}`);
      for (const { schema } of Object.values(requestBody?.content ?? {}))
        for (const name of bodyIds(schema, document.components.schemas)) found.add(`${place} body ${name}`);
    }
  return [...found].sort();
}

function bodyIds(schema: Schema, schemas: Record<string, Schema>, prefix = ''): string[] {
  const { $ref, properties = {}, items, oneOf = [], anyOf = [], allOf = [] } = schema;
  const below = (part: Schema, at: string): string[] => bodyIds(part, schemas, at);
  return [
    ...($ref === undefined ? [] : below(schemas[$ref.slice(REF.length)]!, prefix)),
    ...Object.entries(properties).flatMap(([name, part]) => [
      ...(BODY_ID.test(name) ? [prefix + name] : []),
      ...below(part, `${prefix}${name}.`),
    ]),
    ...(items === undefined ? [] : below(items, prefix)),
    ...[...oneOf, ...anyOf, ...allOf].flatMap((part) => below(part, prefix)),
  ];
}
