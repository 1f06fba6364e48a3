import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { fromPublicId, type IdPrefix, type PageOrder, Problem, toPublicId } from '#lib/platform';
import { codesOf } from './problem-texts.js';

const problemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    title_ja: z.string(),
    status: z.number(),
    code: z.string(),
    remedy: z.string(),
    request_id: z.string(),
    doc_url: z.string(),
    retryable: z.boolean(),
    retry_after: z.number().optional(),
    permission: z.string().optional(),
    rule: z.string().optional(),
    structure: z.string().optional(),
    offset: z.number().optional(),
    field: z.string().optional(),
    state: z.string().optional(),
    earliest: z.string().optional(),
    expected: z.string().optional(),
    ends_at: z.string().optional(),
    meter: z.string().optional(),
    day: z.string().optional(),
    line: z.number().optional(),
    number: z.string().optional(),
    tax_category: z.string().optional(),
    characters: z.array(z.object({ character: z.string(), code_point: z.string() })).optional(),
    allowed: z.array(z.string()).optional(),
    open: z.array(z.string()).optional(),
    item: z.string().optional(),
    declared: z.string().optional(),
    found: z.string().nullable().optional(),
    errors: z
      .array(z.object({ field: z.string(), rule: z.string().optional(), message: z.string(), message_ja: z.string() }))
      .optional(),
  })
  .meta({ id: 'Problem' });

/** Documents what a route answers: its success, and the problem codes of each refusal status. */
export function Answers(status: number, schema: z.ZodType | undefined, refusals: readonly number[]): MethodDecorator {
  return applyDecorators(
    ApiResponse({ status, description: '', ...(schema ? { standardSchema: schema } : {}) }),
    ...refusals.map((refusal) =>
      ApiResponse({
        status: refusal,
        standardSchema: problemBody,
        description: `One of ${codesOf(refusal)
          .map((code) => `\`${code}\``)
          .join(', ')}.`,
      }),
    ),
  );
}

/** The UUID of an id in a path. @throws Problem `not_found`. */
export function uuidOf(prefix: IdPrefix, id: string): string {
  const uuid = fromPublicId(prefix, id);
  if (uuid === undefined) throw new Problem('not_found');
  return uuid;
}

/** The UUID of an id in a body or query. @throws Problem `request_invalid` naming the field. */
export function fieldUuid(prefix: IdPrefix, id: string, field: string): string {
  const uuid = fromPublicId(prefix, id);
  if (uuid === undefined) throw new Problem('request_invalid', { field, errors: [notAnId(field, prefix)] });
  return uuid;
}

const notAnId = (field: string, prefix: IdPrefix): { field: string; message: string; message_ja: string } => ({
  field,
  message: `must be an id of the form ${prefix}_…`,
  message_ja: `${prefix}_… の形式のIDを入力してください。`,
});

/** One page of a list read with one row more than asked for. */
export function page<T>(
  found: readonly T[],
  limit: number,
  cursorOf: (last: T) => string,
): { rows: readonly T[]; next_cursor: string | null } {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next_cursor: found.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** `-name` as what it says. */
export const sortOf = <Key extends string>(sort: Key | `-${Key}`): { by: Key; descending: boolean } => {
  const descending = sort.startsWith('-');
  return { by: (descending ? sort.slice(1) : sort) as Key, descending };
};

/** The same of a list that is sorted by nothing but time. */
export const orderOf = (sort: string | undefined): PageOrder =>
  sort === undefined || sort.startsWith('-') ? 'newest' : 'oldest';

/** The UUID a cursor stands for. @throws Problem `cursor_malformed`. */
export function cursorUuid(prefix: IdPrefix, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const uuid = fromPublicId(prefix, cursor);
  if (uuid === undefined) throw new Problem('cursor_malformed', { field: 'cursor' });
  return uuid;
}

/** `operator:<uuid>` and the like with the id as it goes out. */
export const publicActor = (actor: string): string =>
  actor.replace(
    /^(operator|tenant|api_key|approval|verification|webhook_endpoint|invoice):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
    (_all, noun: keyof typeof NOUNS, uuid: string) => `${noun}:${toPublicId(NOUNS[noun], uuid)}`,
  );
const NOUNS = {
  operator: 'opr',
  tenant: 'ten',
  api_key: 'key',
  approval: 'apr',
  verification: 'ver',
  webhook_endpoint: 'whe',
  invoice: 'inv',
} as const;
