import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { OperatorName } from '../../parts/actor';
import { Copyable, shortId } from '../../parts/copy';
import { useMay } from '../../session';
import { tenantOf } from '../../tenant';

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
/** What prices are proposed of. */
export type PriceNoun = Exclude<(typeof NOUNS)[number], 'trust_anchor'>;

/** What the server has judged and keeps for the approval of drafts: their month, and each with the hash of its text. */
export interface FinalizationProposal {
  mode: 'live' | 'test';
  month: string;
  total_yen: number;
  invoices: Record<string, string>;
}
/** What all proposals of prices have; null: of all service providers. */
export interface PriceProposal {
  mode: 'live' | 'test';
  tenant_id?: string | null;
  valid_from: string;
}

type T = ReturnType<typeof useReading>['t'];

/** A kind in words; one that this console does not know yet by its name. */
export function kindText(t: T, kind: string): string {
  const known = KINDS.find((each) => each === kind);
  return known ? t(`approvals.kind_${known}`) : kind;
}

/** A kind in words, that of prices by what of them is proposed. */
export function whatText(t: T, { kind, subject }: Pick<Schemas['Approval'], 'kind' | 'subject'>): string {
  const noun = kind === 'price_change' ? NOUNS.find((each) => each === subject.split(':', 1)[0]) : undefined;
  return noun ? t('approvals.kind_price', { what: t(`approvals.noun_${noun}`) }) : kindText(t, kind);
}

/** What a proposal is about, by its name where there is one. */
export function Subject({ approval }: { approval: Pick<Schemas['Approval'], 'subject' | 'kind' | 'after'> }) {
  const { t, format } = useReading();
  const [noun = '', id = ''] = approval.subject.split(':');
  if (approval.kind === 'invoice_finalization') {
    const { month, total_yen: yen } = approval.after as FinalizationProposal;
    return t('approvals.invoices_of', { month: format.month(month), total: format.yen(yen) });
  }
  if (approval.kind === 'price_change') return <PriceSubject of={approval.after as PriceProposal} />;
  if (noun === 'tenant') return <TenantName id={id} />;
  if (noun === 'operator') return <OperatorName id={id} />;
  if (noun === 'invoice') return <InvoiceLink id={id} isDraft={false} />;
  const known = NOUNS.find((each) => each === noun);
  return (
    <>
      {known && `${t(`approvals.noun_${known}`)} `}
      <Copyable text={approval.subject} shown={shortId(known ? id : approval.subject)} />
    </>
  );
}

/** Whose prices, and of which mode. */
function PriceSubject({ of: { tenant_id: tenant, mode } }: { of: PriceProposal }) {
  const { t } = useReading();
  return (
    <>
      {tenant ? <TenantName id={tenantIdOf(tenant)} isWithinWords /> : t('prices.everybody')} ·{' '}
      {t(`common.mode_${mode}`)}
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
  const { data } = useQuery({ ...tenantOf(id), enabled: may('tenants:read') });
  return (
    <Link to="/tenants/$tenantId" params={{ tenantId: id }} className={isWithinWords ? 'within-words' : undefined}>
      {data?.name ?? shortId(id)}
    </Link>
  );
}
