import type { z } from 'zod';
import { toPublicId } from '#lib/platform';
import { stepsFrom, type Tenant } from '#lib/tenancy';
import type { tenantAnswer as tenantSchema } from './tenant-schemas.js';

export const tenantAnswer = (tenant: Tenant): z.output<typeof tenantSchema> => ({
  id: toPublicId('ten', tenant.id),
  name: tenant.name,
  created_at: tenant.createdAt.toISOString(),
  state: tenant.state,
  state_since: tenant.stateSince.toISOString(),
  steps: stepsFrom(tenant.state),
  suspended_from: tenant.suspendedFrom ?? null,
  notification: tenant.notification
    ? { notified_on: tenant.notification.on, reference: tenant.notification.reference }
    : null,
  terminated_at: tenant.terminatedAt?.toISOString() ?? null,
});
