import pg from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { Acting } from '#lib/audit';
import {
  type Approval,
  Approvals,
  changeRoles,
  OperatorAccounts,
  type OperatorSession,
  OperatorSessions,
  type Proposal,
  type Role,
  SignIn,
  totpCode,
} from '#lib/operators';
import type { TestDatabase } from './database.js';
import { connect, keyRing } from './tenants.js';

const ORIGIN = { requestId: 'req_test', ip: '127.0.0.1' };
const STEP_MS = 30_000;
const ACTOR = { actor: 'operator:test' };

/** An operator with both factors. */
export interface TestOperator {
  id: string;
  email: string;
  password: string;
  secret: Buffer;
  recoveryCodes: string[];
}

/** The secret in the address that an authenticator scans. */
export function secretOf(uri: string): Buffer {
  const text = new URL(uri).searchParams.get('secret')!;
  const bits = [...text]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((eight) => parseInt(eight, 2)));
}

/** The people of a test database, who do everything through the services that the admin process uses. */
export class TestPeople {
  readonly accounts: OperatorAccounts;
  readonly sessions: OperatorSessions;
  readonly signIn: SignIn;
  readonly approvals: Approvals;
  private count = 0;

  constructor(
    /** As shomei_admin. */
    readonly admin: DataSource,
    /** As shomei_operator. */
    readonly operator: DataSource,
  ) {
    this.accounts = new OperatorAccounts(admin);
    this.sessions = new OperatorSessions(admin);
    this.signIn = new SignIn(admin, keyRing(), this.sessions);
    this.approvals = new Approvals(admin);
  }

  /** One of the first two accounts of the installation. */
  async firstAdmin(): Promise<TestOperator> {
    return this.enrol(await this.create(new OperatorAccounts(this.operator), ['admin']));
  }

  /** A further account; its roles are proposed by one admin and approved by another. */
  async withRoles(roles: readonly Role[], proposer: TestOperator, approver: TestOperator): Promise<TestOperator> {
    const person = await this.enrol(await this.create(this.accounts, []));
    if (roles.length > 0) await this.giveRoles(person.id, [], roles, proposer, approver);
    return person;
  }

  /** An account with roles on a database that has no two admins who could approve: given by the owner, past the rules. */
  async withoutApproval(roles: readonly Role[], { urls }: Pick<TestDatabase, 'urls'>): Promise<TestOperator> {
    const person = await this.enrol(await this.create(this.accounts, []));
    const owner = new pg.Client({ connectionString: urls.owner });
    await owner.connect();
    try {
      await owner.query('alter table operator_account disable trigger guard');
      await owner.query('update operator_account set roles = $2 where id = $1', [person.id, roles]);
    } finally {
      await owner.query('alter table operator_account enable trigger guard');
      await owner.end();
    }
    return person;
  }

  async giveRoles(
    id: string,
    before: readonly Role[],
    after: readonly Role[],
    proposer: TestOperator,
    approver: TestOperator,
  ): Promise<void> {
    await this.approved(
      {
        kind: 'operator_roles',
        subject: `operator:${id}`,
        before: { roles: before },
        after: { roles: after },
      },
      (manager, approval) => changeRoles(manager, { id, roles: after, approvalId: approval.id }),
      proposer,
      approver,
    );
  }

  /** By two admins who are made for it, whoever else there is on the database. */
  async approvedByOthers(
    database: Pick<TestDatabase, 'urls'>,
    proposal: Omit<Proposal, 'reason'>,
    execute: (manager: EntityManager, approval: Approval, acting: Acting) => Promise<void>,
  ): Promise<Approval> {
    const proposer = await this.withoutApproval(['admin'], database);
    return this.approved(proposal, execute, proposer, await this.withoutApproval(['admin'], database));
  }

  /** Proposes as one and approves as the other; each in a session of its own. */
  async approved(
    proposal: Omit<Proposal, 'reason'>,
    execute: (manager: EntityManager, approval: Approval, acting: Acting) => Promise<void>,
    proposer?: TestOperator,
    approver?: TestOperator,
  ): Promise<Approval> {
    const first = await this.session(proposer ?? (await this.firstAdmin()));
    const second = await this.session(approver ?? (await this.firstAdmin()));
    const { id, payloadSha256 } = await this.approvals.propose(
      first,
      { ...proposal, reason: 'test' },
      ORIGIN,
      Date.now(),
    );
    const seenSha256 = Buffer.from(payloadSha256, 'hex');
    return this.approvals.approve(second, { id, seenSha256 }, ORIGIN, (manager, approval) =>
      execute(manager, approval, { actor: `operator:${second.operatorId}`, ...ORIGIN }),
    );
  }

  /** A session with both factors. */
  async session(person: TestOperator): Promise<OperatorSession> {
    return (await this.sessions.find(await this.token(person), Date.now()))!;
  }

  /** The token of a new session with both factors. */
  async token(person: TestOperator): Promise<string> {
    const proof = await this.signIn.checkPassword(person.email, person.password, ORIGIN);
    const first = await this.sessions.find(await this.signIn.openFirst(proof, Date.now(), ORIGIN), Date.now());
    const code = await this.nextCode(person);
    const { token } = await this.signIn.complete(first!, { code }, Date.now(), ORIGIN);
    return token;
  }

  /** A code that is taken: waiting half a minute for a new one is no part of any test. */
  async nextCode({ id, secret }: TestOperator): Promise<string> {
    await this.admin.query('update operator_account set totp_last_step = null where id = $1', [id]);
    return totpCode(secret, Math.floor(Date.now() / STEP_MS));
  }

  private async create(
    accounts: OperatorAccounts,
    roles: readonly Role[],
  ): Promise<{ id: string; email: string; password: string }> {
    this.count++;
    const email = `person${this.count}-${process.hrtime.bigint()}@example.com`;
    return { email, ...(await accounts.create({ email, name: `Operator ${this.count}`, roles }, ACTOR)) };
  }

  private async enrol(account: { id: string; email: string; password: string }): Promise<TestOperator> {
    const { signIn, sessions } = this;
    const proof = await signIn.checkPassword(account.email, account.password, ORIGIN);
    const first = (await sessions.find(await signIn.openFirst(proof, Date.now(), ORIGIN), Date.now()))!;
    const secret = secretOf((await signIn.beginEnrolment(first, ORIGIN)).uri);
    const at = Date.now();
    const code = totpCode(secret, Math.floor(at / STEP_MS));
    const { token, recoveryCodes } = await signIn.complete(first, { code }, at, ORIGIN);
    const session = (await sessions.find(token, Date.now()))!;
    const password = 'correct horse battery staple';
    await signIn.changePassword(session, { current: account.password, next: password }, Date.now(), ORIGIN);
    return { ...account, password, secret, recoveryCodes: recoveryCodes! };
  }
}

/** Work of the people of a database; connections are closed after it. */
export async function withPeople<T>(
  database: Pick<TestDatabase, 'urls'>,
  work: (people: TestPeople) => Promise<T>,
): Promise<T> {
  const admin = await connect(database.urls.admin);
  const operator = await connect(database.urls.operator);
  try {
    return await work(new TestPeople(admin, operator));
  } finally {
    await admin.destroy();
    await operator.destroy();
  }
}
