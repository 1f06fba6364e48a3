import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { AdminBrowser } from './admin.js';
import type { ConsoleRig, Looking, Person } from './console.js';
import { enrol, signedIn } from './office.js';
import type { TestOperator } from './operators.js';

/** Somebody at the console: a window, and what a person does in it by the words on the screen. */
export class Desk {
  constructor(
    readonly rig: ConsoleRig,
    readonly page: Page,
    readonly person: Person,
  ) {}

  /** By an address within the console, as a link of it leads there: what is loaded stays. */
  async visit(path: string): Promise<void> {
    await this.page.evaluate(
      `history.pushState({}, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`,
    );
  }

  /** Nothing that was asked for is on its way any more, and what came has been drawn. */
  async quiet(): Promise<void> {
    for (let still = 0; still < 2; still = this.rig.underWay(this.page) === 0 ? still + 1 : 0)
      await this.page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  }

  /** A list shows what its address asks for, no longer what was asked before. */
  async searched(address: RegExp): Promise<void> {
    await this.page.waitForURL(address);
    await this.quiet();
    await this.page.locator('main [aria-busy="true"]').waitFor({ state: 'detached' });
  }

  heading(name: string): Promise<void> {
    return this.page.getByRole('heading', { name, level: 1 }).waitFor();
  }

  press(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  tab(name: string): Promise<void> {
    return this.page.getByRole('tab', { name, exact: true }).click();
  }

  /** By the navigation. */
  go(name: string): Promise<void> {
    return this.page.getByRole('navigation', { name: 'メニュー' }).getByRole('link', { name }).click();
  }

  fill(label: string, text: string): Promise<void> {
    return this.page.getByLabel(label).fill(text);
  }

  /** The button of the window that asks once more. */
  confirm(name: string): Promise<void> {
    return this.page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  }

  /** Gives a reason in the window that asks for one, and confirms. */
  async because(reason: string, confirm: string): Promise<void> {
    await this.page.getByRole('dialog').getByLabel('理由').fill(reason);
    await this.confirm(confirm);
  }

  told(text: string | RegExp): Promise<void> {
    return this.page.getByText(text).first().waitFor();
  }

  picture(name: string): Promise<void> {
    return this.rig.picture(this.page, name);
  }

  /** Faults that axe finds on what is shown, each under the name of the place. */
  async faults(name: string, options: Looking = {}): Promise<string[]> {
    return (await this.rig.faults(this.page, options)).map((fault) => `${name}: ${fault}`);
  }

  /** What is downloaded by an act. */
  async taken(act: () => Promise<unknown>): Promise<{ name: string; bytes: Buffer }> {
    const [download] = await Promise.all([this.page.waitForEvent('download'), act()]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  }

  /** Chooses a file at a button. */
  async give(button: string, file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
    const [chooser] = await Promise.all([
      this.page.waitForEvent('filechooser'),
      this.page.getByRole('button', { name: button, exact: true }).click(),
    ]);
    await chooser.setFiles(file);
  }
}

/**
 * Somebody who was signed in by requests alone: for what is not about signing in, and for what others do meanwhile.
 */
export class BusyDesk extends Desk {
  private constructor(
    rig: ConsoleRig,
    page: Page,
    private employee: TestOperator,
    /** The same session for requests without a window. */
    public rest: AdminBrowser,
  ) {
    super(rig, page, employee);
  }

  static async open(rig: ConsoleRig, person: Person): Promise<BusyDesk> {
    const { browser, ...employee } = await enrol(rig.url, { id: person.email, ...person });
    const desk = new BusyDesk(rig, await rig.window(), employee, browser);
    await rig.enter(desk.page, browser);
    return desk;
  }

  /** A new session in the same window, after something ended the one before. */
  async enterAgain(): Promise<void> {
    this.rest = await signedIn(this.rig.story, this.employee);
    await this.rig.enter(this.page, this.rest);
  }

  /** As the second person, whatever waits. */
  async approveAll(): Promise<void> {
    const { body } = await this.rest.send('GET', '/v1/approvals?state=proposed');
    const waiting = body['data'] as { id: string; payload_sha256: string }[];
    if (waiting.length === 0) throw new Error('nothing waits for approval');
    for (const { id, payload_sha256 } of waiting)
      await this.done('POST', `/v1/approvals/${id}/approve`, { payload_sha256 });
  }

  /** A request that has to be answered as asked for. */
  async done(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.rest.send(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

/** What the tests of the console have made so far, one after the other. */
export interface World {
  rig: ConsoleRig;
  /** The first operator, who is an admin, as is the second. */
  hanako: Desk;
  taro: BusyDesk;
  /** Without a role at first, then an auditor. */
  yuki: BusyDesk;
  tenantPath: string;
  /** Its key of test mode. */
  tenantKey: string;
  /** Of an invalid signature with a good certificate, and of the same one before it was revoked. */
  invalidPath: string;
  validPath: string;
  approvalPath: string;
  /** Of the month that was closed, and what came of it. */
  monthPath: string;
  statementPath: string;
  draftPath: string;
  invoicePath: string;
  usageEventPath: string;
}
