import { z } from 'zod';
import { APPROVAL_STATES, MAX_PASSWORD_LENGTH, PERMISSIONS, type Permission, ROLES } from '#lib/operators';
import { MODES, parseCidr } from '#lib/platform';
import { MAX_ALLOWED_ADDRESSES, MAX_OVERLAP_HOURS, SCOPES } from '#lib/tenancy';

export const time = z.iso.datetime();
/** No control characters and no halves of surrogate pairs: they are kept faithfully nowhere. */
export const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');
/** Free words of an operator; line breaks are allowed. */
export const words = z
  .string()
  .trim()
  .min(1)
  .max(1000)
  .regex(/^(?:[^\p{Cc}\p{Cs}]|\n)*$/u, 'must not contain control characters');
export const reason = words.meta({ description: 'Why; shown to the second person and kept.' });
export const mode = z.enum(MODES);
export const limit = z.coerce.number().int().min(1).max(100).default(20);
export const cursor = z.string().max(64).optional();
/** What a list is sorted by, as in `name`, or `-name` for descending. */
export const sortBy = <Key extends string>(...keys: Key[]) =>
  z
    .enum(keys.flatMap((key) => [key, `-${key}`] as const))
    .optional()
    .meta({ description: 'With a minus before it: descending.' });
export const id = z.string().max(64);

const role = z.enum(ROLES);
const permission = z.enum(Object.keys(PERMISSIONS) as [Permission, ...Permission[]]);
const password = z.string().min(1).max(MAX_PASSWORD_LENGTH);
const email = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u, 'must be an e-mail address');

export const signInRequest = z.strictObject({ email: z.string().max(254), password }).meta({ id: 'SignIn' });

export const secondFactorRequest = z
  .strictObject({
    code: z.string().max(16).optional().meta({ description: 'Six digits of the authenticator.' }),
    recovery_code: z.string().max(40).optional(),
  })
  .refine((body) => (body.code === undefined) !== (body.recovery_code === undefined), {
    message: 'send either code or recovery_code',
    path: ['code'],
  })
  .meta({ id: 'SecondFactor' });
export type SecondFactorBody = z.output<typeof secondFactorRequest>;

export const enrolmentAnswer = z
  .object({
    uri: z.string().meta({ description: 'otpauth:// URI for typing or opening on the same device.' }),
    qr: z.string().meta({ description: 'The URI as a picture: a data: URI of an SVG.' }),
  })
  .meta({ id: 'Enrolment' });

const installation = z.object({
  any_tenant_live: z.boolean(),
  test_clock_offset_ms: z
    .int()
    .meta({ description: 'By how much the clock of test mode is ahead of real time, milliseconds; negative: behind.' }),
  api_url: z.string().nullable().meta({ description: 'Where tenants reach the API; null: not set.' }),
});

export const sessionAnswer = z
  .object({
    operator: z.object({ id: z.string(), email: z.string(), name: z.string(), roles: z.array(role) }),
    stage: z
      .enum(['enrolment', 'second_factor', 'password_change', 'open'])
      .meta({ description: 'What is to be done next.' }),
    permissions: z.array(permission),
    csrf_token: z
      .string()
      .meta({ description: 'To be sent as X-CSRF-Token with each request that changes something.' }),
    idle_until: time,
    ends_at: time,
    installation: installation
      .nullable()
      .meta({ description: 'What is true of the whole installation; null until the session is open.' }),
  })
  .meta({ id: 'Session' });
export type SessionAnswer = z.output<typeof sessionAnswer>;

const recoveryCodes = z.array(z.string()).meta({ description: 'Shown this once; each opens once.' });
export const completedAnswer = z
  .object({ session: sessionAnswer, recovery_codes: recoveryCodes.optional() })
  .meta({ id: 'CompletedSignIn' });
export const recoveryCodesAnswer = z.object({ recovery_codes: recoveryCodes }).meta({ id: 'RecoveryCodes' });
export const codeRequest = z.strictObject({ code: z.string().max(16) }).meta({ id: 'Code' });
export const passwordRequest = z
  .strictObject({ current_password: password, new_password: password })
  .meta({ id: 'PasswordChange' });
export type PasswordBody = z.output<typeof passwordRequest>;

export const operatorAnswer = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    roles: z.array(role),
    second_factor_enrolled: z.boolean(),
    password_expired: z.boolean(),
    created_at: time,
    disabled_at: time.nullable(),
  })
  .meta({ id: 'Operator' });
export const operatorList = z.object({ data: z.array(operatorAnswer) }).meta({ id: 'OperatorList' });
export const operatorRequest = z.strictObject({ email, name: text(100) }).meta({ id: 'NewOperator' });
export type OperatorBody = z.output<typeof operatorRequest>;
export const newOperatorAnswer = z
  .object({
    operator: operatorAnswer,
    password: z.string().meta({ description: 'Shown this once; has to be changed at the first sign-in.' }),
  })
  .meta({ id: 'CreatedOperator' });
export const rolesRequest = z
  .strictObject({ roles: z.array(role).max(ROLES.length), reason })
  .meta({ id: 'RolesProposal' });
export type RolesBody = z.output<typeof rolesRequest>;

const person = z.object({ id: z.string(), name: z.string().nullable() });
export const approvalAnswer = z
  .object({
    id: z.string(),
    kind: z.string(),
    subject: z.string(),
    before: z.unknown(),
    after: z.unknown(),
    payload_sha256: z.string(),
    reason: z.string(),
    state: z.enum(APPROVAL_STATES),
    proposed_by: person,
    proposed_at: time,
    expires_at: time,
    decided_by: person.nullable(),
    decided_at: time.nullable(),
    note: z.string().nullable(),
    executed_at: time.nullable(),
    may_approve: z.boolean().meta({ description: 'Whether the present operator could be the second person.' }),
  })
  .meta({ id: 'Approval' });
export type ApprovalAnswer = z.output<typeof approvalAnswer>;
export const approvalList = z
  .object({ data: z.array(approvalAnswer), next_cursor: z.string().nullable() })
  .meta({ id: 'ApprovalList' });
export const waitingApprovals = z
  .object({
    count: z.number(),
    decidable: z.number().meta({ description: 'Of these, what who is signed in may approve: never an own proposal.' }),
    soonest: z
      .array(
        z.object({
          id: z.string(),
          kind: z.string(),
          subject: z.string(),
          tenant_name: z
            .string()
            .nullable()
            .meta({ description: 'Of the tenant that it is about, if it is about one.' }),
          proposed_by: z.string().nullable().meta({ description: 'By name.' }),
          expires_at: time,
        }),
      )
      .meta({ description: 'Those that expire first.' }),
  })
  .meta({ id: 'WaitingApprovals' });
export const approvalListQuery = z.strictObject({
  state: z.enum(APPROVAL_STATES).optional(),
  kind: z.string().max(40).optional(),
  cursor,
  limit,
});
export type ApprovalListQuery = z.output<typeof approvalListQuery>;
const note = words.optional();
export const approveRequest = z
  .strictObject({
    payload_sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
      .meta({ description: 'Of the proposal that was looked at.' }),
    note,
  })
  .meta({ id: 'Approve' });
export type ApproveBody = z.output<typeof approveRequest>;
export const refuseRequest = z.strictObject({ note }).meta({ id: 'Refuse' });
export type RefuseBody = z.output<typeof refuseRequest>;

export const apiKeyAnswer = z
  .object({
    id: z.string(),
    mode,
    name: z.string(),
    last_four: z.string(),
    scopes: z.array(z.string()),
    allowed_addresses: z.array(z.string()).meta({ description: 'Empty: from everywhere.' }),
    created_at: time,
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
    last_used_at: time.nullable(),
    made_by: z.string().nullable().meta({ description: 'The key that made it; null: an operator.' }),
    rotated_from: z.string().nullable().meta({ description: 'The key it has replaced.' }),
  })
  .meta({ id: 'ApiKey' });
export const apiKeyList = z.object({ data: z.array(apiKeyAnswer) }).meta({ id: 'ApiKeyList' });
export const apiKeyRequest = z
  .strictObject({
    name: text(100),
    mode: mode.default('test').meta({ description: '`live` once the tenant is live.' }),
    scopes: z.array(z.enum(SCOPES)).min(1).optional(),
    allowed_addresses: z
      .array(
        z
          .string()
          .max(64)
          .refine((text) => parseCidr(text) !== undefined, 'must be an address or range like 192.0.2.0/24'),
      )
      .max(MAX_ALLOWED_ADDRESSES)
      .default([]),
    expires_at: z.iso.datetime({ offset: true }).optional(),
  })
  .meta({ id: 'NewApiKey' });
export type ApiKeyBody = z.output<typeof apiKeyRequest>;
/** How many hours a rotated key lives on when nobody says. */
const USUAL_OVERLAP_HOURS = 24;
export const apiKeyRotation = z
  .strictObject({
    overlap_hours: z.int().min(0).max(MAX_OVERLAP_HOURS).default(USUAL_OVERLAP_HOURS).meta({
      description: 'How long the old secret goes on working.',
    }),
  })
  .meta({ id: 'ApiKeyRotation' });
export type ApiKeyRotationBody = z.output<typeof apiKeyRotation>;
export const newApiKeyAnswer = z
  .object({ id: z.string(), api_key: z.string().meta({ description: 'Shown this once.' }) })
  .meta({ id: 'CreatedApiKey' });
