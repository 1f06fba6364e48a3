import { queryOptions } from '@tanstack/react-query';
import { ask, client } from './api';

/** What waits for a second person. */
export const waitingApprovals = queryOptions({
  queryKey: ['approvals', { state: 'proposed' }],
  queryFn: () => ask(() => client.GET('/v1/approvals', { params: { query: { state: 'proposed', limit: 100 } } })),
});
