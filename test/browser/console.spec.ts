import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { ConsoleRig, type Person } from '../support/console.js';
import { pdf } from '../support/files.js';
import { eventually } from '../support/story.js';

/** Long enough for a busy machine; nothing here measures time. */
const LONG_MS = 600_000;

describe('the console', () => {
  let rig: ConsoleRig;
  let first: Person;
  let second: Person;
  let page: Page;
  let tenantPath: string;
  let verificationPath: string;
  let approvalPath: string;

  const heading = (name: string): Promise<void> => page.getByRole('heading', { name, level: 1 }).waitFor();
  const press = (name: string, within: Page = page): Promise<void> =>
    within.getByRole('button', { name, exact: true }).click();
  /** By the navigation. */
  const go = (name: string): Promise<void> =>
    page.getByRole('navigation', { name: 'メニュー' }).getByRole('link', { name }).click();
  /** The button of the window that asks once more. */
  const confirm = (name: string, within: Page = page): Promise<void> =>
    within.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  const told = (text: string, within: Page = page): Promise<void> => within.getByText(text).first().waitFor();

  beforeAll(async () => {
    rig = await ConsoleRig.start();
    first = await rig.account('hanako@shomei.example', '佐藤 花子', 'admin');
    second = await rig.account('taro@shomei.example', '鈴木 太郎', 'admin');
    page = await rig.window();
  }, LONG_MS);
  afterEach(() => expect(rig.complaints.splice(0)).toEqual([]));
  afterAll(() => rig?.stop());

  it(
    'lets a new operator in by password, authenticator and a password of his own',
    async () => {
      await rig.enrol(page, first, async (name) => {
        expect([name, await rig.faults(page)]).toEqual([name, []]);
        await rig.picture(page, name);
      });
      expect(await page.title()).toBe('概要 · Shomei');
    },
    LONG_MS,
  );

  it(
    'says in the reader’s language what is wrong with a field, keeps what was typed, and files the application',
    async () => {
      await go('事業者');
      await page.getByRole('link', { name: '申込を登録' }).click();
      await page.getByLabel('正式名称', { exact: false }).first().fill('株式会社青空銀行');
      await page.getByLabel('正式名称（カナ）').fill('カブシキガイシャアオゾラギンコウ');
      await page.getByLabel('法人番号', { exact: false }).last().fill('4011001098994');
      await page.getByLabel('所在地').fill('東京都港区芝公園４丁目２番地８');
      await rig.picture(page, 'application');
      await press('次へ');
      await page.getByLabel('氏名').fill('青空 一郎');
      await page.getByLabel('メールアドレス').fill('ichiro@aozora.example');
      await page.getByLabel('電話番号').fill('03-1234-5678');
      await press('次へ');
      await page.getByLabel('サービス名').fill('青空ダイレクト');
      await page.getByLabel('利用目的').fill('口座開設時の本人確認');
      await page.getByLabel('署名検証の見込み件数（月）').fill('12000');
      await page.getByLabel('利用者認証の見込み件数（月）').fill('90000');
      await press('次へ');
      await press('申込を登録');
      await told('法人番号の検査用数字が一致しません。入力間違いがないかご確認ください。');
      await rig.picture(page, 'application-fault');
      expect(await page.getByLabel('所在地').inputValue()).toBe('東京都港区芝公園４丁目２番地８');
      await page.getByLabel('法人番号', { exact: false }).last().fill('4011001098993');
      await press('次へ');
      await press('次へ');
      await press('次へ');
      await rig.picture(page, 'application-confirm');
      await press('申込を登録');
      await heading('株式会社青空銀行');
      tenantPath = new URL(page.url()).pathname;
      expect(tenantPath).toMatch(/^\/tenants\/ten_[0-9a-f]{32}$/);
    },
    LONG_MS,
  );

  it(
    'keeps a half-filled window when the session ends, and goes on after signing in again',
    async () => {
      await press('審査を開始');
      await page.getByLabel('理由').fill('申込書を受領。登記事項証明書と照合済み。');
      await rig.story.rows(`update operator_session set ended_at = now() where ended_at is null`);
      await confirm('審査を開始');
      await told('セッションが終了しました');
      expect(await rig.faults(page)).toEqual([]);
      await rig.picture(page, 'session-ended');
      await rig.signIn(page, first);
      await told('株式会社青空銀行 の審査を開始しました。');
    },
    LONG_MS,
  );

  it(
    'takes a tenant to test mode and makes a key, shown once, that verifies',
    async () => {
      await press('承諾してテスト利用を開始');
      await page.getByLabel('理由').fill('契約締結済み。');
      await confirm('承諾してテスト利用を開始');
      await told('株式会社青空銀行 のテスト利用を開始しました。');
      await page.getByRole('tab', { name: 'APIキー' }).click();
      await press('APIキーを発行');
      await page.getByLabel('名前').fill('接続試験');
      await rig.picture(page, 'key-new');
      await press('発行');
      const secret = await page.locator('.once').innerText();
      expect(secret).toMatch(/^shm_test_/);
      await press('保管しました');
      await told('接続試験');
      expect(await page.getByText(secret).count()).toBe(0);

      const card = await rig.story.card();
      const login = await card.answer(await rig.story.challenge({ apiKey: secret }));
      expect((await rig.story.authenticate(login, { apiKey: secret })).body.outcome).toBe('valid');
      const signed = await card.sign();
      const good = await rig.story.verify({ ...signed, reference: 'A-1001' }, { apiKey: secret });
      expect(good.body.outcome).toBe('valid');
      await rig.story.sandbox('POST', `cards/${card.id}/revoke`, { certificate: 'sign', reason: 'affiliationChanged' });
      await go('失効情報');
      await page.getByText('テスト', { exact: true }).click();
      await press('今すぐ取得');
      await confirm('今すぐ取得');
      await told('取得を依頼しました。');
      await rig.story.refresh();
      // The API notices within a second.
      const bad = await eventually(
        () => rig.story.verify({ ...signed, reference: 'A-1002' }, { apiKey: secret }),
        ({ body }) => body.outcome === 'invalid',
        60_000,
      );
      expect(bad.body.outcome).toBe('invalid');
      verificationPath = `/verifications/${bad.body.id}`;
    },
    LONG_MS,
  );

  it(
    'finds a verification and explains why it was invalid, down to the list’s number',
    async () => {
      await go('検証履歴');
      await page.getByLabel('結果').selectOption('invalid');
      await press('検索');
      await page.waitForURL(/outcome=invalid/);
      await page.locator('tbody a[href^="/verifications/"]').first().click();
      await page.getByRole('heading', { name: '検証', exact: true, level: 1 }).waitFor();
      await page.locator('ol .state').nth(4).waitFor();
      expect(new URL(page.url()).pathname).toBe(verificationPath);
      const results = await page.locator('ol .state').allInnerTexts();
      expect(results).toEqual(['合格', '合格', '合格', '合格', '不合格']);
      await page.locator('ol').getByText('revoked', { exact: true }).waitFor();
      const [list] = await rig.story.rows<{ number: string }>(
        `select max(c.crl_number) as number from crl c join crl_partition p on p.mode = c.mode and p.head_crl_id = c.id
       where p.mode = 'test' and p.hierarchy = 'sign'`,
      );
      expect(list!.number).toBeTruthy();
      await page.getByText('CRL番号').waitFor();
      await page.getByText('affiliationChanged').first().waitFor();
    },
    LONG_MS,
  );

  it(
    'brings a tenant live only by a second person',
    async () => {
      await page.goto(`${tenantPath}?tab=checklist`);
      await told('未完了の項目が5件あります。');
      for (const item of [
        '契約・秘密保持契約',
        '証明書の取扱いの委託',
        '役員の適格性の申告',
        '安全管理措置',
        'プライバシーポリシー',
      ]) {
        const [file] = await Promise.all([
          page.waitForEvent('filechooser'),
          page.getByRole('button', { name: `${item}にファイルを添付` }).click(),
        ]);
        await file.setFiles({ name: `${item}.pdf`, mimeType: 'application/pdf', buffer: pdf(item) });
        await page
          .getByRole('region', { name: item })
          .getByRole('link', { name: `${item}.pdf` })
          .waitFor();
        await page.getByRole('button', { name: `${item}を確認済みにする` }).click();
        await confirm('確認済みにする');
        await told(`${item}を確認済みにしました。`);
      }
      await told('すべての項目が完了しています。');
      await rig.picture(page, 'checklist-done');
      await page.getByRole('tab', { name: '進捗' }).click();
      await press('J-LISへの届出を記録');
      await page.getByLabel('理由').fill('届出書を送付。');
      await page.getByLabel('届出日').fill('2026-11-20');
      await page.getByLabel('届出の控え番号').fill('J-2026-118');
      await confirm('J-LISへの届出を記録');
      await told('株式会社青空銀行 の届出を記録しました。');
      await press('本番利用の承認を依頼');
      await page.getByLabel('理由').fill('接続試験に合格。');
      await confirm('承認を依頼');
      await page.getByRole('link', { name: '承認依頼を開く' }).click();
      await told('あなたが依頼したものです。承認は別の担当者が行います。');
      expect(await page.getByRole('button', { name: '承認', exact: true }).count()).toBe(0);
      approvalPath = new URL(page.url()).pathname;

      const other = await rig.window();
      await rig.enrol(other, second);
      await other.getByRole('link', { name: '承認', exact: false }).first().click();
      await other.getByRole('cell', { name: '本番利用の開始' }).getByRole('link').click();
      await told('接続試験に合格。', other);
      await rig.picture(other, 'approval-waiting');
      await press('承認', other);
      await confirm('承認', other);
      await told('承認し、実行しました。', other);
      await other.context().close();
      await page.goto(tenantPath);
      await told('本番環境を利用しています。');
    },
    LONG_MS,
  );

  it(
    'shows a refusal with its code and request id, and a server that does not answer',
    async () => {
      await page.goto('/tenants/ten_00000000000000000000000000000000');
      await told('対象が見つかりません。');
      expect(await page.getByRole('alert').innerText()).toMatch(/req_[0-9a-f]{32}[\s\S]*not_found/);
      await page.route('**/v1/operators', (route) => route.abort());
      await page.goto('/operators');
      await told('サーバーに接続できません');
      await rig.picture(page, 'unreachable');
      await page.unroute('**/v1/operators');
      await press('再試行');
      await told('taro@shomei.example');
      rig.complaints.length = 0;
    },
    LONG_MS,
  );

  it(
    'offers each role its own pages and tells the others what they lack',
    async () => {
      const third = await rig.account('yuki@shomei.example', '高橋 由紀', 'support').catch(() => undefined);
      expect(third).toBeUndefined();
      await page.goto('/operators');
      await press('担当者を追加');
      await page.getByLabel('氏名').fill('高橋 由紀');
      await page.getByLabel('メールアドレス').fill('yuki@shomei.example');
      await press('作成');
      const password = await page.locator('.once').innerText();
      await press('本人に渡しました');
      const other = await rig.window();
      await rig.enrol(other, { email: 'yuki@shomei.example', password });
      expect(await other.getByRole('navigation').first().getByRole('link').allInnerTexts()).toEqual(['概要']);
      await other.goto('/audit');
      await told('この画面を表示する権限がありません', other);
      await told('audit:read', other);
      await rig.picture(other, 'denied');
      await other.context().close();
    },
    LONG_MS,
  );

  it(
    'is free of faults that axe finds on every page, in both languages and themes',
    async () => {
      const pages: [string, string][] = [
        ['overview', '/'],
        ['tenants', '/tenants'],
        ['tenant-way', tenantPath],
        ['tenant-application', `${tenantPath}?tab=application`],
        ['tenant-checklist', `${tenantPath}?tab=checklist`],
        ['tenant-contract', `${tenantPath}?tab=contract`],
        ['tenant-keys', `${tenantPath}?tab=keys`],
        ['tenant-audit', `${tenantPath}?tab=audit`],
        ['new-application', '/tenants/new'],
        ['approvals', '/approvals'],
        ['approval', approvalPath],
        ['verifications', '/verifications'],
        ['verification', verificationPath],
        ['revocation', '/revocation?mode=test'],
        ['revocation-partitions', '/revocation?mode=test&tab=partitions'],
        ['revocation-sources', '/revocation?mode=test&tab=sources'],
        ['revocation-anchors', '/revocation?mode=test&tab=anchors'],
        ['audit', '/audit'],
        ['operators', '/operators'],
        ['account', '/account'],
        ['nowhere', '/nowhere'],
      ];
      const settled = async (): Promise<void> => {
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.waitForLoadState('networkidle');
        await page.getByRole('status').first().waitFor({ state: 'detached' });
      };
      const found: string[] = [];
      for (const [language, theme] of [
        ['ja', 'light'],
        ['en', 'dark'],
      ] as const) {
        await page.evaluate(
          `localStorage.setItem('shomei-language', '${language}'); localStorage.setItem('mantine-color-scheme-value', '${theme}')`,
        );
        for (const [name, path] of pages) {
          await page.goto(path);
          await settled();
          found.push(...(await rig.faults(page)).map((fault) => `${name} ${language}: ${fault}`));
          await rig.picture(page, `${name}-${language}-${theme}`);
        }
      }
      expect(found).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'is switched between languages and themes, and fits a tablet',
    async () => {
      await page.goto(tenantPath);
      await page.getByRole('button', { name: '日本語' }).click();
      await page.getByRole('tab', { name: '進捗' }).waitFor();
      await press('ライト表示にする');
      expect(await page.evaluate('document.documentElement.dataset.mantineColorScheme')).toBe('light');
      await page.setViewportSize({ width: 820, height: 1100 });
      for (const [name, path] of [
        ['overview', '/'],
        ['tenant', tenantPath],
        ['verifications', '/verifications'],
      ] as const) {
        await page.goto(path);
        await page.waitForLoadState('networkidle');
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        await rig.picture(page, `tablet-${name}`);
      }
      await press('メニュー');
      await go('監査ログ');
      await heading('監査ログ');
    },
    LONG_MS,
  );

  it(
    'leaves nothing on the screen after signing out',
    async () => {
      await page.setViewportSize({ width: 1280, height: 860 });
      await page.getByRole('button', { name: '佐藤 花子' }).click();
      await page.getByRole('menuitem', { name: 'サインアウト' }).click();
      await heading('サインイン');
      await page.goto('/audit');
      await heading('サインイン');
    },
    LONG_MS,
  );
});
