import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { newRandomId, Problem } from '#lib/platform';
import { permissionsOf, type Role } from './permissions.js';
import {
  csrfTokenOf,
  hashSessionToken,
  isSessionAlive,
  makeSessionToken,
  movedIdleUntil,
  newSessionTimes,
  type OperatorSession,
} from './session.js';

interface Row {
  id: string;
  operator_id: string;
  second_factor: boolean;
  idle_until: Date;
  ends_at: Date;
  email: string;
  name: string;
  roles: Role[];
  password_expired: boolean;
  second_factor_enrolled: boolean;
}

/** What a session is opened against. */
export type SessionProof = { passwordKey: Buffer } | { priorTokenSha256: Buffer };

/** Sessions live in the database: ending one ends it in every process at once. */
@Injectable()
export class OperatorSessions {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /**
   * The live session of a token, whose idle time this use moves on.
   * @param now milliseconds, real time
   * @param isUnattended what a page asks for by itself shows nobody there: the idle time runs on
   * @returns undefined for an unknown, ended or outlived session, and for that of a disabled account
   */
  async find(token: string, now: number, isUnattended = false): Promise<OperatorSession | undefined> {
    const tokenSha256 = hashSessionToken(token);
    if (!tokenSha256) return undefined;
    const rows: Row[] = await this.dataSource.query('select * from find_operator_session($1)', [tokenSha256]);
    const row = rows[0];
    if (!row) return undefined;
    const times = { idleUntil: row.idle_until.getTime(), endsAt: row.ends_at.getTime() };
    if (!isSessionAlive(times, now)) return undefined;
    const idleUntil = isUnattended ? undefined : movedIdleUntil(times, now);
    if (idleUntil !== undefined)
      await this.dataSource.query('update operator_session set idle_until = $2 where id = $1 and ended_at is null', [
        row.id,
        new Date(idleUntil),
      ]);
    return toSession(row, token, tokenSha256, { ...times, ...(idleUntil === undefined ? {} : { idleUntil }) });
  }

  /** The session of a token that was ended: signed out, replaced, or taken away with the rights it was opened on. */
  async findEnded(token: string): Promise<{ id: string; operatorId: string } | undefined> {
    const tokenSha256 = hashSessionToken(token);
    if (!tokenSha256) return undefined;
    const rows: { id: string; operator_id: string }[] = await this.dataSource.query(
      'select * from find_ended_operator_session($1)',
      [tokenSha256],
    );
    return rows[0] && { id: rows[0].id, operatorId: rows[0].operator_id };
  }

  /**
   * Opens a session in the transaction of `manager`; the token leaves in the answer and is stored nowhere. The database
   * wants proof: the key of the account's password, or a live session of the account that goes on in the new one.
   * @throws Problem `session_missing` when the proof is none.
   */
  async open(
    manager: EntityManager,
    {
      operatorId,
      proof,
      secondFactor,
      now,
    }: { operatorId: string; proof: SessionProof; secondFactor: boolean; now: number },
  ): Promise<string> {
    const token = makeSessionToken();
    const { idleUntil, endsAt } = newSessionTimes(now);
    const rows: { opened: boolean }[] = await manager.query(
      'select open_operator_session($1, $2, $3, $4, $5, $6, $7, $8, $9) as opened',
      [
        newRandomId(),
        hashSessionToken(token),
        operatorId,
        'passwordKey' in proof ? proof.passwordKey : null,
        'priorTokenSha256' in proof ? proof.priorTokenSha256 : null,
        secondFactor,
        new Date(now),
        new Date(idleUntil),
        new Date(endsAt),
      ],
    );
    if (!rows[0]!.opened) throw new Problem('session_missing');
    return token;
  }

  /** Ends it for good; ending it twice changes nothing. */
  async end(manager: EntityManager | DataSource, id: string): Promise<void> {
    await manager.query('update operator_session set ended_at = clock_timestamp() where id = $1 and ended_at is null', [
      id,
    ]);
  }
}

function toSession(
  row: Row,
  token: string,
  tokenSha256: Buffer,
  times: { idleUntil: number; endsAt: number },
): OperatorSession {
  return {
    id: row.id,
    operatorId: row.operator_id,
    email: row.email,
    name: row.name,
    roles: row.roles,
    permissions: row.second_factor && !row.password_expired ? permissionsOf(row.roles) : [],
    secondFactor: row.second_factor,
    secondFactorEnrolled: row.second_factor_enrolled,
    passwordExpired: row.password_expired,
    tokenSha256,
    csrfToken: csrfTokenOf(token),
    ...times,
  };
}
