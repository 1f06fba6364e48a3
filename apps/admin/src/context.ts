import { OperatorMustAct } from '#lib/platform';
import type { DataSource } from 'typeorm';

/** What an operator's command works with. */
export interface OperatorContext {
  /** As role shomei_operator. */
  dataSource: DataSource;
  /** Needed by commands that hand work to the worker. */
  redisUrl?: string;
  /** `operator:<name>`, for the audit trail. */
  actor: string;
  /** Shows one line to the operator. */
  out: (line: string) => void;
  /** Asks the operator and gives the line typed. */
  ask: (question: string) => Promise<string>;
  /** The same for a secret: what is typed is not shown. */
  askSecret: (question: string) => Promise<string>;
}

/** A command that is not carried out, or whose work failed: one line for the operator, and a non-zero exit code. */
export class OperatorError extends OperatorMustAct {
  override readonly name = 'OperatorError';
  constructor(
    /** Stable snake_case; leads the line, so that scripts and manuals can name it. */
    readonly code: string,
    text: string,
  ) {
    super(`${code}: ${text}`);
  }
}
