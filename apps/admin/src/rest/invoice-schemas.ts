import { z } from 'zod';
import {
  csvEncoding,
  DISPATCH_METHODS,
  INVOICE_KEYS,
  invoiceBody,
  invoiceIssuerTerms,
  invoiceItem,
  invoiceSearchFields,
  invoiceTermsTerms,
  monthText,
  MOST_FINALIZED,
  taxSettingTerms,
} from '#lib/billing';
import { today } from './billing-schemas.js';
import { cursor, id, limit, mode, reason, sortBy, text, time } from './schemas.js';

const day = z.iso.date();

export const taxSettingProposal = z
  .strictObject({ valid_from: day, terms: taxSettingTerms, reason })
  .meta({ id: 'TaxSettingProposal' });
export const issuerProposal = z
  .strictObject({ valid_from: day, terms: invoiceIssuerTerms, reason })
  .meta({ id: 'InvoiceIssuerProposal' });
export const invoiceTermsProposal = z
  .strictObject({ valid_from: day, terms: invoiceTermsTerms, reason })
  .meta({ id: 'InvoiceTermsProposal' });
export const invoiceSettings = z
  .object({
    mode,
    today,
    tax_settings: z.array(z.object({ valid_from: day, terms: taxSettingTerms })),
    issuers: z.array(z.object({ valid_from: day, terms: invoiceIssuerTerms })),
  })
  .meta({ id: 'InvoiceSettings' });
export const invoiceTermsList = z
  .object({ today, data: z.array(z.object({ valid_from: day, terms: invoiceTermsTerms })) })
  .meta({ id: 'InvoiceTermsList' });

export const draftRequest = z
  .strictObject({
    statement_id: id,
    items: z
      .array(
        invoiceItem.extend({
          credits_invoice_id: id.optional().meta({ description: 'The invoice of this tenant that a credit is of.' }),
        }),
      )
      .max(50)
      .default([]),
  })
  .meta({ id: 'InvoiceDraftRequest' });
export const draftAnswer = z
  .object({
    id: z.string(),
    state: z.enum(['open', 'discarded', 'finalized']),
    tenant_id: z.string(),
    mode,
    month: z.string(),
    statement_id: z.string(),
    sha256: z.string().meta({ description: 'Hex; what two people agree on.' }),
    made_by: z.string(),
    made_at: time,
    ...invoiceBody,
  })
  .meta({ id: 'InvoiceDraft' });
export const draftList = z
  .object({ data: z.array(draftAnswer), next_cursor: z.string().nullable() })
  .meta({ id: 'InvoiceDraftList' });
export const draftsQuery = z.strictObject({
  mode,
  month: monthText.optional(),
  tenant_id: id.optional(),
  cursor,
  limit,
});
export const monthDraftsAnswer = z
  .object({
    drafted: z.int(),
    refused: z.array(z.object({ tenant_id: z.string(), code: z.string() })),
    remaining: z.int().meta({ description: 'Statements that were not looked at: ask again.' }),
  })
  .meta({ id: 'MonthDrafts' });
export const finalizationRequest = z
  .strictObject({ draft_ids: z.array(id).min(1).max(MOST_FINALIZED), reason })
  .meta({ id: 'InvoiceFinalizationRequest' });
export const voidRequest = z
  .strictObject({
    reason: text(500).min(3).meta({ description: 'Why; kept with the invoice, which the tenant sees.' }),
  })
  .meta({ id: 'InvoiceVoidRequest' });

export const invoiceExportList = z
  .object({
    data: z.array(
      z
        .object({
          mode,
          month: z.string(),
          version: z.int(),
          invoices: z.int(),
          total_yen: z.int(),
          sha256: z.string().meta({ description: 'Hex, of the file in UTF-8.' }),
          made_at: time,
        })
        .meta({ id: 'InvoiceExport' }),
    ),
  })
  .meta({ id: 'InvoiceExportList' });

const search = {
  ...invoiceSearchFields,
  mode: mode.optional(),
  tenant_id: id.optional(),
  counterparty: text(200).optional().meta({ description: "Part of the recipient's name." }),
};
export const invoicesQuery = z.strictObject({ ...search, sort: sortBy(...INVOICE_KEYS), cursor, limit });
export const invoicesCsvQuery = z.strictObject({ ...search, encoding: csvEncoding });
export type InvoicesQuery = z.output<typeof invoicesQuery>;

export const dispatchRequest = z
  .strictObject({
    sent_on: day,
    method: z.enum(DISPATCH_METHODS),
    recipient: text(300).meta({ description: 'The address it went to, or whoever took it.' }),
  })
  .meta({ id: 'InvoiceDispatchRequest' });
export const dispatchList = z
  .object({
    today,
    data: z.array(
      z.object({
        id: z.string(),
        sent_on: day,
        method: z.enum(DISPATCH_METHODS),
        recipient: z.string(),
        recorded_by: z.string(),
        recorded_at: time,
      }),
    ),
  })
  .meta({ id: 'InvoiceDispatchList' });
