import { queryOptions } from '@tanstack/react-query';
import { ask, client } from './api';

/** What waits for a second person, each with its subject. */
export const waitingApprovals = queryOptions({
  queryKey: ['approvals', { state: 'proposed' }],
  queryFn: () => ask(() => client.GET('/v1/approvals', { params: { query: { state: 'proposed', limit: 100 } } })),
});

/** How much waits: beside the navigation and on the overview, whose refresh brings it along. */
export const waitingCount = queryOptions({
  queryKey: ['approvals', 'waiting'],
  queryFn: () => ask(() => client.GET('/v1/approvals/waiting')),
});
