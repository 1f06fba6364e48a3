import { randomBytes } from 'node:crypto';
import { totpCode } from '#lib/operators';
import { AdminBrowser } from './admin.js';
import { secretOf, type TestOperator } from './operators.js';
import type { Story } from './story.js';

const STEP_MS = 30_000;

/** The operators of a running installation, who do everything by HTTP and its command, as people do. */
export class Office {
  private count = 0;

  private constructor(
    private readonly story: Story,
    readonly first: Employee,
    readonly second: Employee,
  ) {}

  /** The two admins an installation begins with, made by the command; each has enrolled and set an own password. */
  static async open(story: Story): Promise<Office> {
    const made: Employee[] = [];
    for (const name of ['first', 'second']) {
      const email = `${name}@operators.example`;
      const said = await story.operator(`operator create --email ${email} --name ${name} --role admin`);
      const { operator_id: id, password } = JSON.parse(said) as { operator_id: string; password: string };
      made.push(await enrol(story.stack.urls.admin, { id, email, password }));
    }
    return new Office(story, made[0]!, made[1]!);
  }

  /** A further operator, whose roles one admin proposes and the other approves; signed in. */
  async hire(...roles: string[]): Promise<Employee> {
    const email = `person${++this.count}@operators.example`;
    const created = await this.first.browser.send('POST', '/v1/operators', { email, name: email.split('@')[0] });
    const { operator, password } = created.body as { operator: { id: string }; password: string };
    await this.giveRoles(operator.id, roles);
    return enrol(this.story.stack.urls.admin, { id: operator.id, email, password });
  }

  async giveRoles(id: string, roles: string[]): Promise<void> {
    const proposal = await this.first.browser.send('POST', `/v1/operators/${id}/roles`, { roles, reason: 'a story' });
    const path = `/v1/approvals/${String(proposal.body['id'])}/approve`;
    const { body } = await this.second.browser.send('POST', path, { payload_sha256: proposal.body['payload_sha256'] });
    if (body['state'] !== 'executed') throw new Error(`roles were not given: ${JSON.stringify(body)}`);
  }

  /** Signs in with both factors, in a browser of its own. */
  signIn(person: TestOperator): Promise<AdminBrowser> {
    return signedIn(this.story, person);
  }
}

/** An operator and the browser in which this person is signed in. */
export interface Employee extends TestOperator {
  browser: AdminBrowser;
  /** Shown once when the account was made. */
  firstPassword: string;
}

/** Signs in with both factors, in a browser of its own. */
export async function signedIn(story: Story, { email, password, id, secret }: TestOperator): Promise<AdminBrowser> {
  const browser = new AdminBrowser(story.stack.urls.admin);
  await browser.signIn(email, password);
  // Each code is taken once; waiting half a minute for a new one is no part of any test.
  await story.rows(`update operator_account set totp_last_step = null where email = $1`, [email]);
  const { status } = await browser.send('POST', '/v1/session/second-factor', { code: codeNow(secret) });
  if (status !== 200) throw new Error(`${id} could not sign in`);
  return browser;
}

const codeNow = (secret: Buffer): string => totpCode(secret, Math.floor(Date.now() / STEP_MS));

/** From the password that was shown once to both factors and an own password. */
export async function enrol(url: string, given: { id: string; email: string; password: string }): Promise<Employee> {
  const browser = new AdminBrowser(url);
  await browser.signIn(given.email, given.password);
  const { body: enrolment } = await browser.send('POST', '/v1/session/enrolment');
  const secret = secretOf(String(enrolment['uri']));
  const { body: completed } = await browser.send('POST', '/v1/session/second-factor', { code: codeNow(secret) });
  const password = `${randomBytes(9).toString('base64url')} tulip`;
  const change = { current_password: given.password, new_password: password };
  const { status } = await browser.send('POST', '/v1/me/password', change);
  if (status !== 200) throw new Error(`${given.email} could not set a password`);
  const recoveryCodes = completed['recovery_codes'] as string[];
  return { ...given, password, firstPassword: given.password, secret, recoveryCodes, browser };
}
