import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { OperatorName } from '../../parts/actor';
import { Copyable, shortId } from '../../parts/copy';
import { useMay } from '../../session';

export const KINDS = [
  'tenant_go_live',
  'contract_change',
  'price_change',
  'invoice_finalization',
  'invoice_void',
  'operator_roles',
  'live_anchor',
] as const;
const NOUNS = [
  'trust_anchor',
  'jlis_tariff',
  'jlis_reduction',
  'jlis_recognition',
  'price_plan',
  'tax_setting',
  'invoice_issuer',
  'invoice_terms',
] as const;
/** Named by a tenant; by a mode. */
const OF_TENANT = ['price_plan', 'invoice_terms'];
const OF_MODE = ['jlis_tariff', 'tax_setting', 'invoice_issuer'];

/** A kind in words; one that this console does not know yet by its name. */
export function kindText(t: ReturnType<typeof useReading>['t'], kind: string): string {
  const known = KINDS.find((each) => each === kind);
  return known ? t(`approvals.kind_${known}`) : kind;
}

/** What a proposal is about, by its name where there is one. */
export function Subject({ approval }: { approval: Pick<Schemas['Approval'], 'subject' | 'kind'> }) {
  const { t, format } = useReading();
  const [noun = '', id = '', last = ''] = approval.subject.split(':');
  if (noun === 'tenant') return <TenantName id={id} />;
  if (noun === 'operator') return <OperatorName id={id} />;
  if (noun === 'invoice') return <InvoiceLink id={id} isDraft={approval.kind === 'invoice_finalization'} />;
  if (noun === 'invoices') return t('approvals.invoices_of', { month: format.month(last) });
  const known = NOUNS.find((each) => each === noun);
  return (
    <>
      {known && `${t(`approvals.noun_${known}`)} `}
      {OF_TENANT.includes(noun) ? (
        <TenantName id={tenantIdOf(id)} isWithinWords />
      ) : OF_MODE.includes(noun) ? (
        t(id === 'live' ? 'common.mode_live' : 'common.mode_test')
      ) : (
        <Copyable text={approval.subject} shown={shortId(known ? id : approval.subject)} />
      )}
    </>
  );
}

/** The id of a tenant by the UUID that a proposal has. */
export const tenantIdOf = (uuid: string): string => `ten_${uuid.replaceAll('-', '')}`;

/** The id of an invoice, or of its draft, by the UUID that a proposal has. */
export const invoiceIdOf = (uuid: string): string => `inv_${uuid.replaceAll('-', '')}`;

/** An invoice that is issued, or a draft of one. */
export function InvoiceLink({ id, isDraft }: { id: string; isDraft: boolean }) {
  return isDraft ? (
    <Link to="/invoice-drafts/$draftId" params={{ draftId: id }} className="numbers">
      {shortId(id)}
    </Link>
  ) : (
    <Link to="/invoices/$invoiceId" params={{ invoiceId: id }} className="numbers">
      {shortId(id)}
    </Link>
  );
}

/** The name of a tenant, leading to it. */
export function TenantName({ id, isWithinWords = false }: { id: string; isWithinWords?: boolean }) {
  const may = useMay();
  const { data } = useQuery({
    queryKey: ['tenant', id],
    queryFn: () => ask(() => client.GET('/v1/tenants/{id}', { params: { path: { id } } })),
    enabled: may('tenants:read'),
    staleTime: 60_000,
  });
  return (
    <Link to="/tenants/$tenantId" params={{ tenantId: id }} className={isWithinWords ? 'within-words' : undefined}>
      {data?.name ?? shortId(id)}
    </Link>
  );
}
