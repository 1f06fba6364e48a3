import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { PROBLEMS } from '#lib/platform';
import { problemBody } from './schemas.js';

/** Documents the problem codes of a status. */
export function refusal(
  status: number,
  headers: Record<string, { description: string; schema: { type: 'string' } }> = {},
): MethodDecorator {
  const codes = Object.entries(PROBLEMS)
    .filter(([, row]) => row.status === status)
    .map(([code]) => `\`${code}\``);
  const description = `One of ${codes.join(', ')}.`;
  return ApiResponse({
    status,
    standardSchema: problemBody,
    description,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
  });
}

/** Documents what a route answers: its success, and the problem codes of each refusal status. */
export const Answers = (status: number, schema: z.ZodType, refusals: readonly number[]): MethodDecorator =>
  applyDecorators(ApiResponse({ status, standardSchema: schema }), ...refusals.map((each) => refusal(each)));

/** The same for a route that answers 204. */
export const AnswersNothing = (refusals: readonly number[]): MethodDecorator =>
  applyDecorators(ApiResponse({ status: 204 }), ...refusals.map((each) => refusal(each)));

/** Documents the Idempotency-Key header of a route that creates. */
export const IdempotencyHeader = (): MethodDecorator =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    description:
      'Makes the request safe to repeat: the same key and body give the decided answer again, with Idempotent-Replayed: true, and count once.',
  });

/** Tells the caller that an earlier request made this. */
export function markReplay(reply: FastifyReply, replayed: boolean): void {
  if (replayed) void reply.header('idempotent-replayed', 'true');
}
