import { z } from 'zod';
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
  const { secret } = await createApiKey(context.dataSource, {
    tenantId,
    mode: 'test',
    name: 'demo',
    actor: context.actor,
  });
  context.out(JSON.stringify({ tenant_id: toPublicId('ten', tenantId), api_key: secret }));
}
