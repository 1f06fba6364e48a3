import { ask, client, type Schemas } from '../../api';

type Checklist = Schemas['Checklist'];

/** What the server takes; it looks into the file too. */
export const FILE_TYPES = 'application/pdf,image/png,image/jpeg';

export const checklistKey = (tenantId: string): string[] => ['tenant', tenantId, 'checklist'];

/** Attaches a file to an item, in the place of another one or beside the others. @throws Refused, Unreachable */
export const attachFile = (
  path: { id: string; item: Checklist['items'][number]['item'] },
  file: File,
  instead: { replaces?: string; reason?: string } = {},
): Promise<Checklist> =>
  ask(() =>
    client.POST('/v1/tenants/{id}/checklist/items/{item}/files', {
      params: { path, query: { name: file.name, ...instead } },
      // A file goes as it is; the description knows it as text.
      body: file as unknown as string,
      bodySerializer: (body) => body,
      headers: { 'content-type': file.type },
    }),
  );
