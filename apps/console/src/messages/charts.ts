import type { Message } from './message';

/** What every chart says. */
export const charts = {
  as_table: { ja: '数値を表で見る', en: 'The figures as a table' },
} satisfies Record<string, Message>;
