import type { JlisCaller } from '#lib/jlis';
import { toPublicId, type Tenancy } from '#lib/platform';

/** For whom J-LIS is asked. */
export const jlisCaller = (
  { tenantId, mode, apiKeyId }: Tenancy & { apiKeyId: string },
  { requestId, subjectHash }: { requestId: string; subjectHash: Buffer },
): JlisCaller => ({
  mode,
  serviceId: toPublicId('ten', tenantId),
  actor: `api_key:${apiKeyId}`,
  requestId,
  subjectHash,
});
