import type { DataSource, EntityManager } from 'typeorm';

/** What an account is checked against. */
export interface OperatorSecret {
  id: string;
  email: string;
  passwordHash: string;
  /** Absent before an enrolment has begun. */
  totp?: { sealed: Buffer; ringKeyId: string };
  /** Absent until a first code has come back. */
  totpConfirmedAt?: Date;
  /** Step of the code taken last. */
  totpLastStep?: number;
}

interface Row {
  id: string;
  email: string;
  password_hash: string;
  totp_secret: Buffer | null;
  totp_ring_key: string | null;
  totp_confirmed_at: Date | null;
  totp_last_step: string | null;
}

/** The secrets of one account that is not disabled, by its id or its address in lower case. */
export async function findOperatorSecret(
  manager: EntityManager | DataSource,
  sought: { id: string } | { email: string },
): Promise<OperatorSecret | undefined> {
  const rows: Row[] = await manager.query('select * from find_operator_secret($1, $2)', [
    'id' in sought ? sought.id : null,
    'email' in sought ? sought.email : null,
  ]);
  const row = rows[0];
  return (
    row && {
      id: row.id,
      email: row.email,
      passwordHash: row.password_hash,
      ...(row.totp_secret === null ? {} : { totp: { sealed: row.totp_secret, ringKeyId: row.totp_ring_key! } }),
      ...(row.totp_confirmed_at === null ? {} : { totpConfirmedAt: row.totp_confirmed_at }),
      ...(row.totp_last_step === null ? {} : { totpLastStep: Number(row.totp_last_step) }),
    }
  );
}
