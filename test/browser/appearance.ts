import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Desk, World } from '../support/desk.js';

/** Every page, and who looks at it: each is shown all that its role may see. */
const pagesOf = ({
  rig,
  tenantPath,
  approvalPath,
  invalidPath,
  ...world
}: World): readonly (readonly [string, string])[] => [
  ['overview', '/?mode=test'],
  ['inspector', '/inspector'],
  ['tenants', '/tenants'],
  ['tenant-way', tenantPath],
  ['tenant-application', `${tenantPath}?tab=application`],
  ['tenant-checklist', `${tenantPath}?tab=checklist`],
  ['tenant-contract', `${tenantPath}?tab=contract`],
  ['tenant-contract-live', `${tenantPath}?tab=contract&mode=live`],
  ['tenant-keys', `${tenantPath}?tab=keys`],
  ['tenant-webhooks', `/tenants/${rig.story.tenantId}?tab=webhooks`],
  ['tenant-events', `/tenants/${rig.story.tenantId}/events?mode=test`],
  ['tenant-audit', `${tenantPath}?tab=audit`],
  ['new-application', '/tenants/new'],
  ['approvals', '/approvals'],
  ['approval', approvalPath],
  ['verifications', '/verifications'],
  ['verification', invalidPath],
  ['sweeps', '/sweeps'],
  ['revocation', '/revocation?mode=test'],
  ['revocation-partitions', '/revocation?mode=test&tab=partitions'],
  ['revocation-sources', '/revocation?mode=test&tab=sources'],
  ['revocation-anchors', '/revocation?mode=test&tab=anchors'],
  ['tenant-prices', `/tenants/${rig.story.tenantId}?tab=prices&mode=test`],
  ['tenant-usage', `/tenants/${rig.story.tenantId}?tab=usage&mode=test&month=${world.monthPath.split('/').at(-1)!}`],
  ['months', '/months?mode=test'],
  ['month', world.monthPath],
  ['month-reconciliation', `${world.monthPath}?tab=reconciliation`],
  ['statements', '/statements?mode=test'],
  ['statement', world.statementPath],
  ['invoices', '/invoices?mode=test'],
  ['invoice-exports', '/invoices?mode=test&tab=exports'],
  ['invoice', world.invoicePath],
  ['invoice-draft', world.draftPath],
  ['usage-event', world.usageEventPath],
  ['prices', '/prices?mode=test'],
  ['prices-taxes', '/prices?mode=test&tab=taxes'],
  ['audit', '/audit'],
  ['audit-chain', '/audit?tab=chain'],
  ['holds', '/holds'],
  ['holds-rules', '/holds?tab=rules'],
  ['operators', '/operators'],
  ['system', '/system'],
  ['system-jobs', '/system?tab=jobs'],
  ['system-settings', '/system?tab=settings'],
  ['account', '/account'],
  ['nowhere', '/nowhere'],
];

/** Addresses that the router knows, with `$name` for what differs. */
const routes = (): string[] =>
  [...readFileSync('apps/console/src/router.tsx', 'utf8').matchAll(/^ {2}path: '([^']+)',$/gm)].map(
    ([, path]) => path!,
  );

/** Whether an address leads to a route itself, and not to one that is named before what differs. */
function leadsTo(route: string, path: string): boolean {
  const [asked, known] = [path.split('?')[0]!.split('/'), route.split('/')];
  return asked.length === known.length && known.every((part, at) => part.startsWith('$') || part === asked[at]);
}

type Look = readonly ['ja' | 'en', 'light' | 'dark'];
/** Both languages and both themes. No colour depends on the language: the other two combinations show nothing new. */
const LOOKS = [
  ['ja', 'light'],
  ['en', 'dark'],
] as const satisfies readonly Look[];
const LANGUAGES = { ja: '日本語', en: 'English' };
const THEMES = {
  ja: { light: 'ライト表示にする', dark: 'ダーク表示にする' },
  en: { light: 'Use the light theme', dark: 'Use the dark theme' },
};

/** A page of the console, when all of it is there. */
async function see(desk: Desk, path: string): Promise<void> {
  await desk.visit(path);
  await desk.quiet();
  await desk.page.getByRole('heading', { level: 1 }).waitFor();
  await desk.page.getByRole('status').first().waitFor({ state: 'detached' });
}

/** By the buttons that a person uses, without the mouse being over them; the page stays. */
async function turn(page: Page, [language, theme]: Look): Promise<void> {
  const root = page.locator('html');
  const press = (name: string) => page.getByRole('button', { name, exact: true }).dispatchEvent('click');
  if ((await root.getAttribute('lang')) !== language) await press(LANGUAGES[language]);
  if ((await root.getAttribute('data-mantine-color-scheme')) !== theme) await press(THEMES[language][theme]);
  await page.locator(`html[lang=${language}][data-mantine-color-scheme=${theme}]`).waitFor();
}

/** How pages look and are read, whatever they say. */
export function appearance(world: World): void {
  it('leaves out no page that the router has', () => {
    const paths = pagesOf(world).map(([, path]) => path);
    expect(routes().length).toBeGreaterThan(20);
    expect(routes().filter((route) => !paths.some((path) => leadsTo(route, path)))).toEqual([]);
  });

  it('is free of faults that axe finds on every page, in both languages and themes', async () => {
    const { hanako } = world;
    const found: string[] = [];
    // Each page is opened once, and turned: the next one is opened as this one is left.
    for (const [index, [name, path]] of pagesOf(world).entries()) {
      await see(hanako, path);
      const looks = index % 2 === 0 ? LOOKS : LOOKS.toReversed();
      for (const [step, look] of looks.entries()) {
        if (step > 0) await turn(hanako.page, look);
        const place = `${name}-${look.join('-')}`;
        // What stands around the page is the same on all of them.
        found.push(...(await hanako.faults(place, index > 0 && step > 0 ? { within: '#content' } : {})));
        await hanako.picture(place);
      }
    }
    expect(found).toEqual([]);
  });

  it('shows an auditor’s pages without faults in English and dark, and everything in words', async () => {
    const { yuki, validPath } = world;
    const { page } = yuki;
    await see(yuki, validPath);
    await turn(page, ['en', 'dark']);
    expect(await yuki.faults('verification-auditor')).toEqual([]);
    await yuki.picture('verification-auditor-en-dark');
    await yuki.press('Re-verify');
    expect(await yuki.faults('reverify-dialog')).toEqual([]);
    await yuki.picture('reverify-dialog-en-dark');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('fits a tablet, folds its navigation away, and is worked by keyboard', async () => {
    const { hanako, tenantPath, invalidPath } = world;
    const { page } = hanako;
    await see(hanako, '/');
    await turn(page, ['ja', 'light']);
    await page.setViewportSize({ width: 820, height: 1100 });
    for (const [name, path] of [
      ['overview', '/'],
      ['tenant', tenantPath],
      ['contract', `${tenantPath}?tab=contract&mode=live`],
      ['keys', `${tenantPath}?tab=keys`],
      ['verifications', '/verifications'],
      ['verification', invalidPath],
      ['audit', '/audit'],
      ['chain', '/audit?tab=chain'],
      ['holds', '/holds'],
      ['sweeps', '/sweeps'],
      ['invoices', '/invoices?mode=test'],
      ['invoice', world.invoicePath],
      ['system', '/system?tab=jobs'],
    ] as const) {
      await see(hanako, path);
      expect([name, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([name, true]);
      await hanako.picture(`tablet-${name}`);
    }
    await hanako.press('メニュー');
    await hanako.go('監査ログ');
    await hanako.heading('監査ログ');
    await page.getByRole('button', { name: 'エクスポート' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('エクスポート');
  });

  it('shows a refusal with its code and request id, and a server that does not answer', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    await page.setViewportSize({ width: 1280, height: 860 });
    await hanako.visit('/tenants/ten_00000000000000000000000000000000');
    await hanako.told('対象が見つかりません。');
    expect(await page.getByRole('alert').innerText()).toMatch(/req_[0-9a-f]{32}[\s\S]*not_found/);
    await page.route('**/v1/operators', (route) => route.abort());
    // Nothing of it is known before.
    await page.goto('/operators');
    await hanako.told('サーバーに接続できません');
    await hanako.picture('unreachable');
    await page.unroute('**/v1/operators');
    await hanako.press('再試行');
    await hanako.told('taro@shomei.example');
    // A proxy that says something of its own, in HTML.
    await page.route('**/v1/system', (route) => route.fulfill({ status: 502, body: '<h1>Bad Gateway</h1>' }));
    await hanako.visit('/system');
    await hanako.told('HTTP 502');
    await hanako.picture('proxy-error');
    await page.unroute('**/v1/system');
    await hanako.press('再試行');
    await hanako.told('PostgreSQL');
    rig.complaints.length = 0;
  });

  it('leaves nothing on the screen after signing out', async () => {
    const { hanako } = world;
    await see(hanako, '/');
    await hanako.page.getByRole('button', { name: '佐藤 花子' }).click();
    await hanako.page.getByRole('menuitem', { name: 'サインアウト' }).click();
    await hanako.heading('サインイン');
    await hanako.page.goto('/audit');
    await hanako.heading('サインイン');
  });
}
