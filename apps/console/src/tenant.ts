import { queryOptions } from '@tanstack/react-query';
import { ask, client } from './api';

/** A service provider, kept for a while: most want its name. Who wants to know how it stands asks anew. */
export const tenantOf = (id: string) =>
  queryOptions({
    queryKey: ['tenant', id],
    queryFn: () => ask(() => client.GET('/v1/tenants/{id}', { params: { path: { id } } })),
    staleTime: 60_000,
  });
