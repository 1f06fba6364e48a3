/** A rule for every request we refuse. `retryable`: the same request may succeed later without a change. */
export interface ProblemRow {
  status: number;
  title: string;
  remedy: string;
  /** The title in Japanese. */
  ja?: string;
  retryable?: true;
}
