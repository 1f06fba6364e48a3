import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { Copyable, shortId } from '../../parts/copy';
import { useMay } from '../../session';

type Explanation = Schemas['Explanation'];

/** The authority that issued a certificate, by the name it has among those that are trusted, with its fingerprint. */
export function Issuer({ fingerprint, mode }: { fingerprint: string; mode: Explanation['mode'] }) {
  const may = useMay();
  const { data } = useQuery({
    queryKey: ['anchors', mode],
    queryFn: () => ask(() => client.GET('/v1/trust-anchors', { params: { query: { mode } } })),
    enabled: may('revocation:read'),
    staleTime: 60_000,
  });
  const known = data?.data.find((anchor) => anchor.fingerprint === fingerprint);
  if (!known) return <Copyable text={fingerprint} />;
  return (
    <>
      {known.subject}
      <Text size="xs" component="div">
        <Copyable text={fingerprint} shown={`${fingerprint.slice(0, 16)}…`} />
      </Text>
    </>
  );
}

/** The key that a verification was asked for with, by its name, leading to the keys of its tenant. */
export function UsedKey({ of }: { of: Pick<Explanation, 'tenant_id' | 'api_key_id'> }) {
  const may = useMay();
  const { tenant_id: tenantId, api_key_id: id } = of;
  const { data } = useQuery({
    queryKey: ['tenant', tenantId, 'keys'],
    queryFn: () => ask(() => client.GET('/v1/tenants/{id}/api-keys', { params: { path: { id: tenantId } } })),
    enabled: may('api_keys:read'),
    staleTime: 60_000,
  });
  const known = data?.data.find((key) => key.id === id);
  if (!known) return <Copyable text={id} />;
  return (
    <>
      <Link to="/tenants/$tenantId" params={{ tenantId }} search={{ tab: 'keys' }}>
        {known.name}
      </Link>{' '}
      <Copyable text={id} shown={shortId(id)} />
    </>
  );
}
