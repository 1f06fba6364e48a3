interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
}

/** One line for all that a body, query or path does not satisfy. */
export const describeIssues = (issues: readonly Issue[]): string =>
  issues
    .map(({ path, message }) => {
      const where = path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
      return where ? `${where}: ${message}` : message;
    })
    .join('; ');
