import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit, type Origin } from '#lib/audit';
import { KEY_RING, Problem, type KeyRing } from '#lib/platform';
import { findOperatorSecret, type OperatorSecret } from './operator-secret.js';
import { OperatorSessions } from './operator-sessions.js';
import { checkNewPassword, hashPassword, findPasswordKey } from './password.js';
import { hashRecoveryCode, makeRecoveryCodes } from './recovery-codes.js';
import type { OperatorSession } from './session.js';
import { beginAttempt, forgetAttempts, takeAttemptBack } from './sign-in-backoff.js';
import { findTotpStep, makeTotpSecret, totpUri } from './totp.js';
import { openTotp, sealTotp } from './totp-box.js';

/** What shows the second factor: the code of this moment, or one of the printed ones. */
export type SecondFactor = { code: string } | { recoveryCode: string };

const ISSUER = 'Shomei';

/** Accounts are found by the address in lower case. */
export const normalizeEmail = (email: string): string => email.trim().toLowerCase();

/** Who has typed the right password, and the proof of it. */
export interface FirstProof {
  operatorId: string;
  passwordKey: Buffer;
}

/** The steps from a stranger to a session. Each step that proves something opens a new session and ends the old one. */
@Injectable()
export class SignIn {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
    @Inject(OperatorSessions) private readonly sessions: OperatorSessions,
  ) {}

  /**
   * The operator whose password this is. Nobody learns from the answer, or from its time, which addresses have accounts.
   * @throws Problem `sign_in_refused` or `sign_in_blocked`.
   */
  async checkPassword(email: string, password: string, origin: Origin): Promise<FirstProof> {
    const address = normalizeEmail(email);
    await this.countAttempt(address, 'operator:unknown', origin);
    const account = await findOperatorSecret(this.dataSource, { email: address });
    const passwordKey = await findPasswordKey(account?.passwordHash, password);
    if (!account || !passwordKey) {
      // The address is not recorded: people type passwords into the wrong field.
      const target = account ? `operator:${account.id}` : 'operator:unknown';
      await this.refuse('operator.sign_in_refused', target, { factor: 'password' }, origin);
      throw new Problem('sign_in_refused');
    }
    await takeAttemptBack(this.dataSource, address);
    return { operatorId: account.id, passwordKey };
  }

  /** Opens a session that has shown the password alone. `replaces` is what the browser brought, whoever planted it. */
  async openFirst(
    { operatorId, passwordKey }: FirstProof,
    now: number,
    origin: Origin,
    replaces?: OperatorSession,
  ): Promise<string> {
    return this.dataSource.transaction(async (manager) => {
      if (replaces) await this.sessions.end(manager, replaces.id);
      await this.audit(manager, { operatorId }, 'operator.show_password', {}, origin);
      return this.sessions.open(manager, { operatorId, proof: { passwordKey }, secondFactor: false, now });
    });
  }

  /**
   * A new secret for an authenticator; in use once a code of it comes back. Asking again replaces it.
   * @throws Problem `second_factor_enrolled`.
   */
  async beginEnrolment(session: OperatorSession, origin: Origin): Promise<{ uri: string }> {
    const secret = makeTotpSecret();
    const { sealed, ringKeyId } = sealTotp(this.keyRing, session.operatorId, secret);
    await this.dataSource.transaction(async (manager) => {
      const [, changed]: [unknown[], number] = await manager.query(
        `update operator_account set totp_secret = $2, totp_ring_key = $3 where id = $1 and totp_confirmed_at is null`,
        [session.operatorId, sealed, ringKeyId],
      );
      if (changed === 0) throw new Problem('second_factor_enrolled');
      await this.audit(manager, session, 'operator.begin_enrolment', {}, origin);
    });
    return { uri: totpUri(secret, session.email, ISSUER) };
  }

  /**
   * Takes the second factor; a first code completes the enrolment. The session goes on under a new token.
   * @returns `recoveryCodes` when this completed the enrolment: they are shown this once.
   * @throws Problem `code_refused`, `sign_in_blocked`, `second_factor_required` when nothing is enrolled to check against.
   */
  async complete(
    session: OperatorSession,
    factor: SecondFactor,
    now: number,
    origin: Origin,
  ): Promise<{ token: string; recoveryCodes?: string[] }> {
    await this.countAttempt(session.email, `operator:${session.operatorId}`, origin);
    const done = await this.dataSource.transaction(async (manager) => {
      const account = await this.own(manager, session);
      if (!(await this.takeFactor(manager, account, factor, now))) return undefined;
      const proof = { priorTokenSha256: session.tokenSha256 };
      const enrolling = account.totpConfirmedAt === undefined;
      let recoveryCodes: string[] | undefined;
      if (enrolling) {
        await manager.query('update operator_account set totp_confirmed_at = $2 where id = $1', [
          account.id,
          new Date(now),
        ]);
        recoveryCodes = await replaceRecoveryCodes(manager, account.id);
      }
      const token = await this.sessions.open(manager, { operatorId: account.id, proof, secondFactor: true, now });
      await this.sessions.end(manager, session.id);
      await forgetAttempts(manager, account.email);
      const by = 'recoveryCode' in factor ? 'recovery_code' : enrolling ? 'enrolment' : 'code';
      await this.audit(manager, session, 'operator.sign_in', { second_factor: by }, origin);
      return { token, ...(recoveryCodes ? { recoveryCodes } : {}) };
    });
    if (done) return done;
    const by = 'recoveryCode' in factor ? 'recovery_code' : 'code';
    await this.refuse('operator.sign_in_refused', `operator:${session.operatorId}`, { factor: by }, origin);
    throw new Problem('code_refused');
  }

  /**
   * Sets an own password and ends all sessions; the present one goes on under a new token.
   * @throws Problem `sign_in_refused` when the present password is wrong, `password_weak` with `rule`, `sign_in_blocked`.
   */
  async changePassword(
    session: OperatorSession,
    passwords: { current: string; next: string },
    now: number,
    origin: Origin,
  ): Promise<string> {
    await this.countAttempt(session.email, `operator:${session.operatorId}`, origin);
    const { operatorId } = session;
    const account = await findOperatorSecret(this.dataSource, { id: operatorId });
    const presentKey = await findPasswordKey(account?.passwordHash, passwords.current);
    if (!presentKey) {
      await this.refuse('operator.password_change_refused', `operator:${operatorId}`, {}, origin);
      throw new Problem('sign_in_refused');
    }
    const rule = checkNewPassword(passwords.next, { ...session, current: passwords.current });
    if (rule !== undefined) throw new Problem('password_weak', { rule, field: 'new_password' });
    const hash = await hashPassword(passwords.next);
    const passwordKey = (await findPasswordKey(hash, passwords.next))!;
    return this.dataSource.transaction(async (manager) => {
      const rows: { changed: boolean }[] = await manager.query(
        'select change_operator_password($1, $2, $3) as changed',
        [operatorId, presentKey, hash],
      );
      // Somebody else changed it in between.
      if (!rows[0]!.changed) throw new Problem('sign_in_refused');
      await forgetAttempts(manager, session.email);
      await this.audit(manager, session, 'operator.change_password', {}, origin);
      return this.sessions.open(manager, { operatorId, proof: { passwordKey }, secondFactor: true, now });
    });
  }

  /**
   * New recovery codes in the place of the old ones, against a code of this moment.
   * @throws Problem `code_refused` or `sign_in_blocked`.
   */
  async renewRecoveryCodes(session: OperatorSession, code: string, now: number, origin: Origin): Promise<string[]> {
    await this.countAttempt(session.email, `operator:${session.operatorId}`, origin);
    const codes = await this.dataSource.transaction(async (manager) => {
      const account = await this.own(manager, session);
      if (!(await this.takeFactor(manager, account, { code }, now))) return undefined;
      await forgetAttempts(manager, account.email);
      await this.audit(manager, session, 'operator.renew_recovery_codes', {}, origin);
      return replaceRecoveryCodes(manager, account.id);
    });
    if (codes) return codes;
    await this.refuse('operator.recovery_codes_refused', `operator:${session.operatorId}`, {}, origin);
    throw new Problem('code_refused');
  }

  async signOut(session: OperatorSession, origin: Origin): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await this.sessions.end(manager, session.id);
      await this.audit(manager, session, 'operator.sign_out', {}, origin);
    });
  }

  private async own(manager: EntityManager, session: OperatorSession): Promise<OperatorSecret> {
    const account = await findOperatorSecret(manager, { id: session.operatorId });
    if (!account) throw new Problem('session_missing');
    if (!account.totp) throw new Problem('second_factor_required');
    return account;
  }

  /** Uses the factor up: of two requests with the same code one passes. */
  private async takeFactor(
    manager: EntityManager,
    account: OperatorSecret,
    factor: SecondFactor,
    now: number,
  ): Promise<boolean> {
    if ('recoveryCode' in factor) {
      const hash = hashRecoveryCode(factor.recoveryCode);
      if (!hash) return false;
      const [, used]: [unknown[], number] = await manager.query(
        'delete from operator_recovery_code where operator_id = $1 and code_sha256 = $2',
        [account.id, hash],
      );
      return used === 1;
    }
    const { sealed, ringKeyId } = account.totp!;
    const secret = openTotp(this.keyRing, account.id, sealed, ringKeyId);
    const step = findTotpStep(secret, factor.code, now, account.totpLastStep);
    if (step === undefined) return false;
    const [, taken]: [unknown[], number] = await manager.query(
      `update operator_account set totp_last_step = $2 where id = $1 and (totp_last_step is null or totp_last_step < $2)`,
      [account.id, step],
    );
    return taken === 1;
  }

  private async countAttempt(email: string, target: string, origin: Origin): Promise<void> {
    try {
      await beginAttempt(this.dataSource, email);
    } catch (error) {
      if (error instanceof Problem) await this.refuse('operator.sign_in_blocked', target, {}, origin);
      throw error;
    }
  }

  private refuse(action: string, target: string, detail: Record<string, unknown>, origin: Origin): Promise<void> {
    return appendAudit(this.dataSource, { actor: 'operator:unknown', action, target, detail, ...origin });
  }

  private audit(
    manager: EntityManager,
    { operatorId }: Pick<OperatorSession, 'operatorId'>,
    action: string,
    detail: Record<string, unknown>,
    origin: Origin,
  ): Promise<void> {
    const own = `operator:${operatorId}`;
    return appendAudit(manager, { actor: own, action, target: own, detail, ...origin });
  }
}

async function replaceRecoveryCodes(manager: EntityManager, operatorId: string): Promise<string[]> {
  const codes = makeRecoveryCodes();
  await manager.query('delete from operator_recovery_code where operator_id = $1', [operatorId]);
  await manager.query(
    'insert into operator_recovery_code (operator_id, code_sha256) select $1, code from unnest($2::bytea[]) as code',
    [operatorId, codes.map((code) => hashRecoveryCode(code)!)],
  );
  return codes;
}
