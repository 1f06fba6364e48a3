/** Where a tenant is between its application and its end. */
export const TENANT_STATES = [
  'applied',
  'in_review',
  'rejected',
  'test',
  'notified',
  'live',
  'suspended',
  'terminated',
] as const;
export type TenantState = (typeof TENANT_STATES)[number];

/** What one operator does. Going live takes two and is no step. */
export const TENANT_STEPS = ['review', 'accept', 'reject', 'notify', 'suspend', 'resume', 'terminate'] as const;
export type TenantStep = (typeof TENANT_STEPS)[number];

/** The notification to J-LIS that a tenant will be served. */
export interface Notification {
  /** YYYY-MM-DD of Japan. */
  on: string;
  /** By which it is found again in the correspondence. */
  reference: string;
}

const FROM: Record<TenantStep, readonly TenantState[]> = {
  review: ['applied'],
  accept: ['in_review'],
  reject: ['applied', 'in_review'],
  notify: ['test'],
  suspend: ['test', 'notified', 'live'],
  resume: ['suspended'],
  terminate: ['test', 'notified', 'live', 'suspended'],
};
const TO: Record<Exclude<TenantStep, 'resume'>, TenantState> = {
  review: 'in_review',
  accept: 'test',
  reject: 'rejected',
  notify: 'notified',
  suspend: 'suspended',
  terminate: 'terminated',
};

/** What may be done with a tenant in this state. */
export const stepsFrom = (state: TenantState): TenantStep[] =>
  TENANT_STEPS.filter((step) => FROM[step].includes(state));

/** Where a step leads; undefined where it cannot be taken. @param suspendedFrom where a suspended tenant was before */
export function stateAfter(
  step: TenantStep,
  { state, suspendedFrom }: { state: TenantState; suspendedFrom?: TenantState },
): TenantState | undefined {
  if (!FROM[step].includes(state)) return undefined;
  return step === 'resume' ? suspendedFrom : TO[step];
}
