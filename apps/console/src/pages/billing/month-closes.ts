import { queryOptions } from '@tanstack/react-query';
import { ask, client } from '../../api';
import type { Mode } from '../../parts/mode-choice';

/** How often a closing under way is looked at. */
const WATCH_MS = 2_000;
/** A closing that cannot end is not watched for ever: that would keep the session open with nobody there. */
const MOST_LOOKS = 150;

/** Months closed or being closed, and whose turn it is. */
export const monthCloses = (mode: Mode) =>
  queryOptions({
    queryKey: ['month-closes', mode],
    queryFn: () => ask(() => client.GET('/v1/month-closes', { params: { query: { mode } } })),
    // Whether a month is over goes by a clock: what was read before is not taken for now.
    refetchOnMount: 'always',
    refetchInterval: ({ state: { data, dataUpdateCount } }) =>
      data?.data.some(({ state }) => state === 'closing') && dataUpdateCount < MOST_LOOKS ? WATCH_MS : false,
  });
