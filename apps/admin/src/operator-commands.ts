import { appendAudit } from '#lib/audit';
import {
  type Approval,
  Approvals,
  brokenRule,
  OperatorAccounts,
  type OperatorSession,
  OperatorSessions,
  type Permission,
  type Proposal,
  type Role,
  ROLES,
  SignIn,
} from '#lib/operators';
import { type KeyRing, loadConfig, newRandomId, OPERATOR_PROBLEMS, Problem, toPublicId } from '#lib/platform';
import { CommandRefused } from './command-refused.js';
import { type OperatorContext, OperatorError } from './context.js';

/** Prints the password: this is the only time it can be seen, and it has to be changed at the first sign-in. */
export async function operatorCreate(
  context: OperatorContext,
  { email, name, roles }: { email: string; name: string; roles: readonly string[] },
): Promise<void> {
  const known = roles.map((role): Role => {
    const found = ROLES.find((each) => each === role);
    if (!found) throw new CommandRefused(`role "${role}" is not one of ${ROLES.join(', ')}`);
    return found;
  });
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new CommandRefused('--email is not an address');
  const accounts = new OperatorAccounts(context.dataSource);
  if (known.length > 0 && !known.includes('admin'))
    throw new OperatorError(
      'roles_need_approval',
      'The first two people with roles are admins; other roles come by approval.',
    );
  const { id, password } = await refusing(() =>
    accounts.create({ email, name, roles: known }, { actor: context.actor }),
  ).catch((error: unknown) => {
    if (brokenRule(error) === 'roles_need_approval')
      throw new OperatorError(
        'roles_need_approval',
        'Two people have had roles: from now on they are proposed and approved.',
      );
    throw error;
  });
  context.out(JSON.stringify({ operator_id: toPublicId('opr', id), email, password }));
}

export async function operatorList(context: OperatorContext): Promise<void> {
  for (const { id, email, roles, disabledAt, secondFactorEnrolled } of await new OperatorAccounts(
    context.dataSource,
  ).list())
    context.out(
      `${toPublicId('opr', id)} ${email} ${roles.join(',') || '-'} ${disabledAt ? 'disabled' : secondFactorEnrolled ? 'enrolled' : 'not enrolled'}`,
    );
}

/** For a forgotten password; the second factor stays as it is. */
export async function operatorResetPassword(context: OperatorContext, email: string): Promise<void> {
  const { id, password } = await refusing(() =>
    new OperatorAccounts(context.dataSource).resetPassword(email, { actor: context.actor }),
  );
  context.out(JSON.stringify({ operator_id: toPublicId('opr', id), email, password }));
}

/**
 * Does something in the name of an operator who signs in at the terminal with both factors: who may start this command
 * is not yet a person.
 * @throws OperatorError with the code of the refusal.
 */
export async function asOperator<T>(
  context: OperatorContext,
  permission: Permission,
  work: (session: OperatorSession, origin: { requestId: string }, keyRing: KeyRing) => Promise<T>,
): Promise<T> {
  const { dataSource } = context;
  const { KEY_RING: keyRing } = loadConfig(['KEY_RING'], process.env);
  const sessions = new OperatorSessions(dataSource);
  const signIn = new SignIn(dataSource, keyRing, sessions);
  const origin = { requestId: `cmd_${newRandomId().replaceAll('-', '')}` };
  return refusing(async () => {
    const email = await context.ask('Your operator address: ');
    const proof = await signIn.checkPassword(email, await context.askSecret('Password: '), origin);
    const first = await sessions.find(await signIn.openFirst(proof, Date.now(), origin), Date.now());
    if (!first) throw new Problem('session_missing');
    // Enrolling is for the console, which can show a picture.
    if (!first.secondFactorEnrolled) throw new Problem('second_factor_required');
    const code = await context.askSecret('Code of your authenticator: ');
    const { token } = await signIn.complete(first, { code }, Date.now(), origin);
    const session = await sessions.find(token, Date.now());
    if (!session) throw new Problem('session_missing');
    try {
      if (session.passwordExpired) throw new Problem('password_change_required');
      if (!session.permissions.includes(permission)) {
        await appendAudit(dataSource, {
          actor: `operator:${session.operatorId}`,
          action: 'operator.request_refused',
          target: `operator_session:${session.id}`,
          detail: { code: 'permission_missing', permission },
          ...origin,
        });
        throw new Problem('permission_missing', { permission });
      }
      return await work(session, origin, keyRing);
    } finally {
      await signIn.signOut(session, origin);
    }
  });
}

/** A proposal of nobody could be approved by its own author. @throws OperatorError with the code of the refusal. */
export const proposeAsOperator = (
  context: OperatorContext,
  permission: Permission,
  proposal: Proposal,
): Promise<Approval> =>
  asOperator(context, permission, (session, origin) =>
    new Approvals(context.dataSource).propose(session, proposal, origin, Date.now()),
  );

/** A refusal as one line for the terminal. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { code } = error;
    const title =
      Object.entries(OPERATOR_PROBLEMS).find(([each]) => each === code)?.[1].title ?? 'There is no such thing.';
    throw new OperatorError(code, title);
  }
}
