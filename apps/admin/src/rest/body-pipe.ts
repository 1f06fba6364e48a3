import { Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import { Problem } from '#lib/platform';
import { ruleJa } from './rule-ja.js';

type Issues = Parameters<
  NonNullable<NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory']>
>[0];

const MAX_REPORTED = 20;

function refuse(issues: Issues): Problem {
  const errors = issues.slice(0, MAX_REPORTED).map((issue) => ({
    field: (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
    message: issue.message,
    message_ja: ruleJa(issue),
  }));
  return new Problem('request_invalid', { ...(errors.length === 1 ? { field: errors[0]!.field } : {}), errors });
}

/** Holds a body or a query against its zod schema; plain values go on. Faults are named in both languages. */
@Injectable()
export class BodyPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: refuse });
  }

  /** The schemas are strict and build new objects; walking the input first would overflow the stack on deep nesting. */
  protected override stripProtoKeys(): void {}
}
