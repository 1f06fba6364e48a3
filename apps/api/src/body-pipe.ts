import { Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import { Problem, type ProblemCode } from '#lib/platform';

type Issues = Parameters<
  NonNullable<NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory']>
>[0];

const MAX_REPORTED = 20;

/** Faults that have a code of their own because an integration meets them first. */
function codeOf(issue: object, field: string): ProblemCode {
  const { code, format } = issue as { code?: string; format?: string };
  if (format === 'base64') return 'base64_malformed';
  if (code === 'invalid_value' && field === 'digest_algorithm') return 'digest_algorithm_refused';
  return 'request_invalid';
}

function refuse(issues: Issues): Problem {
  const errors = issues.slice(0, MAX_REPORTED).map((issue) => {
    const field = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return { field, message: issue.message, code: codeOf(issue, field) };
  });
  const codes = new Set(errors.map((error) => error.code));
  const code = codes.size === 1 ? errors[0]!.code : 'request_invalid';
  const members = errors.map(({ field, message }) => ({ field, message }));
  return new Problem(code, { ...(errors.length === 1 ? { field: errors[0]!.field } : {}), errors: members });
}

/** Holds a body or a query against its zod schema; plain values go on. */
@Injectable()
export class BodyPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: refuse });
  }

  /** The schemas are strict and build new objects; walking the input first would overflow the stack on deep nesting. */
  protected override stripProtoKeys(): void {}
}
