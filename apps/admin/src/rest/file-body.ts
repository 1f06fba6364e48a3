import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Problem } from '#lib/platform';
import { type FileType, MAX_FILE_BYTES } from '#lib/tenancy';
import { fileTypes } from './checklist-schemas.js';

const TAKES_FILE = 'takesFile';

/** A route whose body is a file, raw. */
export const TakesFile = (): MethodDecorator => RouteConfig({ [TAKES_FILE]: true });

const typeOf = (contentType: string | undefined): string => (contentType ?? '').split(';')[0]!.trim().toLowerCase();
const isFileType = (type: string): type is FileType => fileTypes.some((each) => each === type);

const unsupported = (): Problem => new Problem('file_type_unsupported', { allowed: [...fileTypes] });

/** The declared type of the file in a request. @throws Problem `file_type_unsupported` */
export function declaredType(contentType: string | undefined): FileType {
  const type = typeOf(contentType);
  if (!isFileType(type)) throw unsupported();
  return type;
}

/** Lets files, which may be larger than JSON, into the routes that take them and nowhere else; before a byte is read. */
export function admitFiles(server: FastifyInstance): void {
  server.addContentTypeParser(
    [...fileTypes],
    { parseAs: 'buffer', bodyLimit: MAX_FILE_BYTES },
    (_request, body, done) => done(null, body),
  );
  server.addHook('onRequest', (request, _reply, done) => {
    const { [TAKES_FILE]: takesFile } = request.routeOptions.config as { [TAKES_FILE]?: boolean };
    const type = typeOf(request.headers['content-type']);
    if (takesFile !== true && isFileType(type)) done(new Problem('media_type_unsupported'));
    // What can be read is refused by the route, to those who may use it.
    else if (takesFile === true && !isFileType(type) && type !== 'application/json') done(unsupported());
    else done();
  });
}
