import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page, type Request } from 'playwright-core';
import { totpCode } from '#lib/operators';
import type { AdminBrowser } from './admin.js';
import { secretOf } from './operators.js';
import { Story } from './story.js';

/** Looked at by people, and made where they are asked for: they take a quarter of the time. Git ignores the folder. */
const PICTURES = join('.cache', 'console-screenshots');
const WANTED = process.env['CONSOLE_PICTURES'];
const FOR_README = WANTED === 'readme';
const WITH_PICTURES = Boolean(WANTED) && !FOR_README;
/** Those that the README shows, and how large a file of them may be, octets. They are committed. */
const SHOWN_PICTURES = join('docs', 'images');
const SHOWN = ['tenant-checklist', 'verification', 'invoice', 'system-jobs'].map((name) => `${name}-ja-light`);
const SHOWN_OCTETS = 60_000;
/** Debian's packaged browser, alone: no first-run page, no calls home. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const STEP_MS = 30_000;
export const OWN_PASSWORD = 'correct horse battery staple';

/** Somebody with an account. */
export interface Person {
  email: string;
  password: string;
  secret?: Buffer;
}

/** The console in a browser over a whole installation. */
export class ConsoleRig {
  /** Anything the browser complained about: scripts that failed, what the policy blocked, calls to other hosts. */
  readonly complaints: string[] = [];
  /** Requests that have no answer yet. */
  private readonly asked = new WeakMap<Page, Set<Request>>();

  private constructor(
    readonly story: Story,
    private readonly browser: Browser,
  ) {}

  static async start(): Promise<ConsoleRig> {
    const executablePath = process.env['TEST_CHROMIUM'];
    if (!executablePath) throw new Error('There is no Chromium. Install it, or name it in CHROMIUM.');
    await mkdir(PICTURES, { recursive: true });
    const [story, browser] = await Promise.all([Story.begin(), chromium.launch({ executablePath, args: ARGUMENTS })]);
    await story.stack.admin.start();
    return new ConsoleRig(story, browser);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.story.end();
  }

  get url(): string {
    return this.story.stack.urls.admin;
  }

  /** A window of its own: no cookies, Japanese, light. */
  async window(options: { width?: number; height?: number } = {}): Promise<Page> {
    const { width = 1280, height = 860 } = options;
    const context = await this.browser.newContext({
      viewport: { width, height },
      baseURL: this.url,
      locale: 'ja-JP',
      // Not Japan's: times must be so all the same.
      timezoneId: 'America/New_York',
      reducedMotion: 'reduce',
    });
    this.watch(context);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const asked = new Set<Request>();
    this.asked.set(page, asked);
    page.on('request', (request) => asked.add(request));
    page.on('requestfinished', (request) => asked.delete(request));
    page.on('requestfailed', (request) => asked.delete(request));
    return page;
  }

  /** How many requests of a window have no answer yet. */
  underWay(page: Page): number {
    return this.asked.get(page)?.size ?? 0;
  }

  /** The window of somebody who is signed in already. */
  async enter(page: Page, { cookie = '' }: AdminBrowser): Promise<void> {
    const [name = '', value = ''] = cookie.split('=', 2);
    await page.context().addCookies([{ name, value, url: this.url, httpOnly: true }]);
    await page.goto('/');
    await page.getByRole('heading', { level: 1 }).waitFor();
  }

  /** An account made by the command on the machine: the first two need nobody's approval. */
  async account(email: string, name: string): Promise<Person> {
    const said = await this.story.stack.operator([
      ...['operator', 'create', '--email', email, '--name', name, '--role', 'admin'],
    ]);
    return { email, password: (JSON.parse(said) as { password: string }).password };
  }

  /** The code an authenticator shows; one that was used counts again, because nobody waits half a minute here. */
  async code(person: Person): Promise<string> {
    await this.story.rows('update operator_account set totp_last_step = null where email = $1', [person.email]);
    return totpCode(person.secret!, Math.floor(Date.now() / STEP_MS));
  }

  /** The first sign-in: enrolment, recovery codes, an own password. `look` is called at each stop. */
  async enrol(
    page: Page,
    person: Person,
    look: (name: string) => Promise<void> = async () => undefined,
  ): Promise<void> {
    await page.goto('/');
    await look('sign-in');
    await this.showPassword(page, person);
    await page.getByRole('img', { name: '認証アプリ登録用のQRコード' }).waitFor();
    person.secret = secretOf(`otpauth://totp/x?secret=${await page.locator('code').first().innerText()}`);
    await look('enrolment');
    await page.getByLabel('認証コード').fill(await this.code(person));
    await page.getByRole('button', { name: '登録する' }).click();
    await page.getByLabel('コードを保管しました').waitFor();
    await look('recovery-codes');
    await page.getByLabel('コードを保管しました').check();
    await page.getByRole('button', { name: '次へ' }).click();
    await page.getByRole('textbox', { name: '現在のパスワード' }).fill(person.password);
    await page.getByRole('textbox', { name: '新しいパスワード', exact: true }).fill(OWN_PASSWORD);
    await page.getByRole('textbox', { name: '新しいパスワード（確認）' }).fill(OWN_PASSWORD);
    await look('own-password');
    await page.getByRole('button', { name: 'パスワードを設定' }).click();
    await page.getByRole('heading', { name: '概要' }).waitFor();
    person.password = OWN_PASSWORD;
  }

  /** Ends the sessions of somebody, as time or another operator does. */
  async endSessions({ email }: Person): Promise<void> {
    await this.story.rows(
      `update operator_session set ended_at = now()
       where ended_at is null and operator_id = (select id from operator_account where email = $1)`,
      [email],
    );
  }

  /** Signs in wherever the form is: a page or a window over one. */
  async signIn(page: Page, person: Person): Promise<void> {
    await this.showPassword(page, person);
    await page.getByLabel('認証コード').fill(await this.code(person));
    await page.getByRole('button', { name: 'サインイン', exact: true }).click();
  }

  private async showPassword(page: Page, person: Person): Promise<void> {
    await page.getByLabel('メールアドレス').fill(person.email);
    await page.getByRole('textbox', { name: 'パスワード', exact: true }).fill(person.password);
    await page.getByRole('button', { name: '次へ' }).click();
  }

  /**
   * What axe finds wrong on the page as it stands, one line each.
   * @param options `within`: a selector of the part that differs from other pages
   */
  async faults(page: Page, { within }: Looking = {}): Promise<string[]> {
    // Once in each document.
    if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(AXE);
    const options = { resultTypes: ['violations'] };
    const found = await page.evaluate<AxeViolation[]>(
      `axe.run(${within === undefined ? 'document' : JSON.stringify(within)}, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
    );
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary.replaceAll(/\s+/g, ' ')}`),
    );
  }

  async picture(page: Page, name: string): Promise<void> {
    if (FOR_README && SHOWN.includes(name)) await this.show(await page.screenshot({ animations: 'disabled' }), name);
    if (!WITH_PICTURES) return;
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true, animations: 'disabled' });
  }

  /** Writes a picture of a window as WebP, as good as fits. */
  private async show(png: Buffer, name: string): Promise<void> {
    const page = await this.browser.newPage();
    const webp = await page.evaluate<string>(`(async () => {
      const picture = new Image();
      picture.src = 'data:image/png;base64,${png.toString('base64')}';
      await picture.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height });
      canvas.getContext('2d').drawImage(picture, 0, 0);
      for (let quality = 0.9; quality > 0.2; quality -= 0.1) {
        const octets = canvas.toDataURL('image/webp', quality).split(',')[1];
        if (octets.length * 0.75 <= ${SHOWN_OCTETS}) return octets;
      }
      throw new Error('too large');
    })()`);
    await page.close();
    await mkdir(SHOWN_PICTURES, { recursive: true });
    await writeFile(join(SHOWN_PICTURES, `${name.replace(/-ja-light$/, '')}.webp`), Buffer.from(webp, 'base64'));
  }

  private watch(context: BrowserContext): void {
    context.on('console', (message) => {
      // A refusal (4xx) is told as an error too; what must not be is shown by the page.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        this.complaints.push(message.text());
    });
    context.on('weberror', (error) => this.complaints.push(String(error.error())));
    context.on('request', (request) => {
      if (!request.url().startsWith(this.url) && !request.url().startsWith('data:'))
        this.complaints.push(`request to ${request.url()}`);
    });
  }
}

/** How a page is looked at. */
export interface Looking {
  within?: string;
}

interface AxeViolation {
  id: string;
  nodes: { target: string[]; failureSummary: string }[];
}
