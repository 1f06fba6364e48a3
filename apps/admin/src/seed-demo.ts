import { z } from 'zod';
import { addPrices, monthAt, type PricePlanTerms, readPlans } from '#lib/billing';
import { toPublicId, type KeyRing } from '#lib/platform';
import { changeContract, createApiKey, createTenant, type ContractChange } from '#lib/tenancy';
import type { OperatorContext } from './context.js';
import { importAnchor, setSource } from './revocation-commands.js';

const DEMO_TENANT = 'デモ銀行';

/** Everything is on, so that each page of the documentation can be tried. */
const DEMO_TERMS: ContractChange = {
  identify: true,
  counterpart: true,
  latestAttributes: true,
  allowedAges: [13, 15, 16, 18, 20, 65],
  ageQuestionsAYear: 20,
  signUpConsent: { textVersion: 'demo-1', purposes: ['serial_linkage', 'counterpart'] },
};

/** The operator's own prices, equal to the fees of J-LIS until 2022: a newcomer sees money move. */
export const DEMO_PRICES: PricePlanTerms = {
  label: { ja: 'PF利用料（2022年までのJ-LIS手数料と同額）', en: 'PF prices (equal to J-LIS fees until 2022)' },
  base_fee: '0',
  prices: (
    [
      ['sign_check', '20'],
      ['auth_check', '2'],
      ['counterpart_delivered', '2'],
      ['attributes_delivered', '20'],
    ] as const
  ).map(([meter, unit_price]) => ({
    meter,
    tiering: 'graduated',
    tiers: [{ up_to: null, unit_price }],
    free: 0,
    dedupe: 'none',
  })),
  minimum: '0',
  discounts: [],
  setup: [],
  billed_outcomes: ['valid', 'invalid'],
  pass_through: true,
  tax_category: 'standard',
};

const sandboxAnchors = z.array(
  z.object({
    hierarchy: z.enum(['sign', 'auth']),
    generation: z.union([z.string(), z.number()]),
    fingerprint: z.string(),
    certificate: z.base64(),
  }),
);

/**
 * Makes the installation answer in test mode with the sandbox's cards: its roots as test anchors, its lists as sources,
 * and a demo tenant with a new key. Doing it again changes nothing but the key.
 */
export async function seedDemo(context: OperatorContext, keyRing: KeyRing, sandboxUrl: string): Promise<void> {
  // Standard output is the result alone.
  const quiet = { ...context, out: (line: string) => void process.stderr.write(`${line}\n`) };
  const response = await fetch(`${sandboxUrl}/anchors`, { signal: AbortSignal.timeout(10_000) });
  for (const anchor of sandboxAnchors.parse(await response.json()))
    await importAnchor(quiet, {
      mode: 'test',
      hierarchy: anchor.hierarchy,
      certificate: anchor.certificate,
      fingerprint: anchor.fingerprint,
    });
  for (const hierarchy of ['sign', 'auth'] as const)
    await setSource(quiet, {
      mode: 'test',
      hierarchy,
      crlIndexUrl: `${sandboxUrl}/crl/${hierarchy}/index.json?layout=partitioned`,
      layout: 'partitioned',
      ocspUrl: `${sandboxUrl}/ocsp/${hierarchy}`,
    });
  const known: { id: string }[] = await context.dataSource.query('select id from tenant where name = $1', [
    DEMO_TENANT,
  ]);
  const tenantId =
    known[0]?.id ?? (await createTenant(context.dataSource, keyRing, { name: DEMO_TENANT, actor: context.actor }));
  await changeContract(context.dataSource, { tenantId, mode: 'test', change: DEMO_TERMS, actor: context.actor });
  await seedPrices(context, tenantId);
  const { secret } = await createApiKey(context.dataSource, {
    tenantId,
    mode: 'test',
    name: 'demo',
    actor: context.actor,
  });
  context.out(JSON.stringify({ tenant_id: toPublicId('ten', tenantId), api_key: secret }));
}

/** From the present month on, once. */
async function seedPrices({ dataSource, actor }: OperatorContext, tenantId: string): Promise<void> {
  await dataSource.transaction(async (manager) => {
    if ((await readPlans(manager, { tenantId, mode: 'test' })).length > 0) return;
    const validFrom = `${monthAt(Date.now())}-01`;
    const row = {
      table: 'price_plan',
      tenant_id: tenantId,
      mode: 'test',
      valid_from: validFrom,
      terms: DEMO_PRICES,
    } as const;
    await addPrices(manager, { row, actor });
  });
}
