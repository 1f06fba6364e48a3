import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import type { useReading } from '../../language';
import { Copyable, shortId } from '../../parts/copy';
import { useMay } from '../../session';

export const KINDS = ['tenant_go_live', 'contract_change', 'operator_roles', 'live_anchor'] as const;

/** A kind in words; one that this console does not know yet by its name. */
export function kindText(t: ReturnType<typeof useReading>['t'], kind: string): string {
  const known = KINDS.find((each) => each === kind);
  return known ? t(`approvals.kind_${known}`) : kind;
}

/** What a proposal is about, by its name where there is one. */
export function Subject({ approval }: { approval: Pick<Schemas['Approval'], 'subject'> }) {
  const [noun = '', id = ''] = approval.subject.split(':', 2);
  if (noun === 'tenant') return <TenantName id={id} />;
  if (noun === 'operator') return <OperatorName id={id} />;
  return <Copyable text={approval.subject} shown={`${noun} ${shortId(id)}`} />;
}

/** The name of a tenant, leading to it. */
export function TenantName({ id }: { id: string }) {
  const may = useMay();
  const { data } = useQuery({
    queryKey: ['tenant', id],
    queryFn: () => ask(() => client.GET('/v1/tenants/{id}', { params: { path: { id } } })),
    enabled: may('tenants:read'),
    staleTime: 60_000,
  });
  return (
    <Link to="/tenants/$tenantId" params={{ tenantId: id }}>
      {data?.name ?? shortId(id)}
    </Link>
  );
}

function OperatorName({ id }: { id: string }) {
  const may = useMay();
  const { data } = useQuery({
    queryKey: ['operators'],
    queryFn: () => ask(() => client.GET('/v1/operators')),
    enabled: may('operators:read'),
    staleTime: 60_000,
  });
  return <>{data?.data.find((operator) => operator.id === id)?.name ?? shortId(id)}</>;
}
