/** What invoices are looked for by: each is a word of the address, read before the page is loaded. */
export const INVOICE_SEARCH = [
  'month',
  'number',
  'state',
  'tenant_id',
  'counterparty',
  'issued_from',
  'issued_to',
  'amount_min',
  'amount_max',
] as const;
type Field = (typeof INVOICE_SEARCH)[number];
export type InvoiceSearch = { [F in Field]?: string };
