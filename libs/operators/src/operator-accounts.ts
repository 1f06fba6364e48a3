import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit, type Acting } from '#lib/audit';
import { newRandomId, Problem } from '#lib/platform';
import { brokenRule } from './broken-rule.js';
import { hashPassword, makePassword } from './password.js';
import type { Role } from './permissions.js';
import { forgetAttempts } from './sign-in-backoff.js';
import { normalizeEmail } from './sign-in.js';

export interface OperatorAccount {
  id: string;
  email: string;
  name: string;
  roles: Role[];
  secondFactorEnrolled: boolean;
  passwordExpired: boolean;
  createdAt: Date;
  disabledAt?: Date;
}

interface Row {
  id: string;
  email: string;
  name: string;
  roles: Role[];
  password_expired: boolean;
  totp_confirmed_at: Date | null;
  disabled_at: Date | null;
  created_at: Date;
}

const COLUMNS = 'id, email, name, roles, password_expired, totp_confirmed_at, disabled_at, created_at';

/** Accounts of the platform's own people. They are disabled and never deleted: the audit trail names them. */
@Injectable()
export class OperatorAccounts {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** All, oldest first: a platform has tens of operators. */
  async list(): Promise<OperatorAccount[]> {
    const rows: Row[] = await this.dataSource.query(
      `select ${COLUMNS} from operator_account order by created_at, id limit 1000`,
    );
    return rows.map(toAccount);
  }

  /** @throws Problem `not_found`. */
  async get(id: string, manager: EntityManager | DataSource = this.dataSource): Promise<OperatorAccount> {
    const rows: Row[] = await manager.query(`select ${COLUMNS} from operator_account where id = $1`, [id]);
    if (!rows[0]) throw new Problem('not_found');
    return toAccount(rows[0]);
  }

  /**
   * Makes an account. Roles are for the first two people of an installation who have any, by its command; all others get
   * theirs by approval, and the database refuses the rule `roles_need_approval`.
   * @returns the password, which is shown once and has to be changed at the first sign-in.
   * @throws Problem `email_taken`.
   */
  async create(
    { email, name, roles = [] }: { email: string; name: string; roles?: readonly Role[] },
    acting: Acting,
  ): Promise<{ id: string; password: string }> {
    const id = newRandomId();
    const password = makePassword();
    const hash = await hashPassword(password);
    await this.refusing(async (manager) => {
      await manager.query(
        'insert into operator_account (id, email, name, roles, password_hash) values ($1, $2, $3, $4, $5)',
        [id, normalizeEmail(email), name, roles, hash],
      );
      await appendAudit(manager, { ...acting, action: 'operator.create', target: `operator:${id}`, detail: { roles } });
    });
    return { id, password };
  }

  /**
   * Ends all sessions and lets nobody in again; disabling twice changes nothing.
   * @throws Problem `not_found` or `last_admin`.
   */
  async disable(id: string, acting: Acting): Promise<void> {
    await this.refusing(async (manager) => {
      await this.get(id, manager);
      const [, changed]: [unknown[], number] = await manager.query(
        'update operator_account set disabled_at = clock_timestamp() where id = $1 and disabled_at is null',
        [id],
      );
      if (changed === 0) return;
      await appendAudit(manager, { ...acting, action: 'operator.disable', target: `operator:${id}` });
    });
  }

  /**
   * Forgets the authenticator and the recovery codes; the next sign-in enrols anew. The password stays as it is and is not
   * known to whoever resets, so resetting alone opens nothing.
   * @throws Problem `not_found`, or `second_factor_own`.
   */
  async resetSecondFactor(id: string, acting: Acting): Promise<void> {
    if (acting.actor === `operator:${id}`) throw new Problem('second_factor_own');
    await this.dataSource.transaction(async (manager) => {
      await this.get(id, manager);
      await manager.query(
        `update operator_account set totp_secret = null, totp_ring_key = null, totp_confirmed_at = null,
           totp_last_step = null where id = $1`,
        [id],
      );
      await manager.query('delete from operator_recovery_code where operator_id = $1', [id]);
      await appendAudit(manager, { ...acting, action: 'operator.reset_second_factor', target: `operator:${id}` });
    });
  }

  /**
   * Gives a new first password and lifts a lock-out: for the machine's command, when a password is forgotten.
   * @throws Problem `not_found`.
   */
  async resetPassword(email: string, acting: Acting): Promise<{ id: string; password: string }> {
    const password = makePassword();
    const hash = await hashPassword(password);
    return this.dataSource.transaction(async (manager) => {
      const [rows]: [{ id: string }[], number] = await manager.query(
        'update operator_account set password_hash = $2, password_expired = true where email = $1 and disabled_at is null returning id',
        [normalizeEmail(email), hash],
      );
      const id = rows[0]?.id;
      if (id === undefined) throw new Problem('not_found');
      await forgetAttempts(manager, normalizeEmail(email));
      await appendAudit(manager, { ...acting, action: 'operator.reset_password', target: `operator:${id}` });
      return { id, password };
    });
  }

  /** A transaction whose rules in the database, when broken, are refusals. */
  private async refusing(work: (manager: EntityManager) => Promise<void>): Promise<void> {
    try {
      await this.dataSource.transaction(work);
    } catch (error) {
      const rule = brokenRule(error);
      if (rule === 'operator_account_email_key') throw new Problem('email_taken', { field: 'email' });
      if (rule === 'last_admin') throw new Problem('last_admin');
      throw error;
    }
  }
}

/**
 * Carries out an approved change of roles in the transaction in which the approval was executed. Ends all sessions.
 * @throws Problem `approval_stale` when the roles are no longer those of the proposal, `last_admin`, `not_found`.
 */
export async function changeRoles(
  manager: EntityManager,
  { id, roles, approvalId }: { id: string; roles: readonly Role[]; approvalId: string },
): Promise<void> {
  try {
    const [, changed]: [unknown[], number] = await manager.query(
      'update operator_account set roles = $2, roles_approval_id = $3 where id = $1',
      [id, roles, approvalId],
    );
    if (changed === 0) throw new Problem('not_found');
  } catch (error) {
    const rule = brokenRule(error);
    if (rule === 'last_admin') throw new Problem('last_admin');
    if (rule === 'roles_need_approval') throw new Problem('approval_stale');
    throw error;
  }
}

const toAccount = (row: Row): OperatorAccount => ({
  id: row.id,
  email: row.email,
  name: row.name,
  roles: row.roles,
  secondFactorEnrolled: row.totp_confirmed_at !== null,
  passwordExpired: row.password_expired,
  createdAt: row.created_at,
  ...(row.disabled_at === null ? {} : { disabledAt: row.disabled_at }),
});
