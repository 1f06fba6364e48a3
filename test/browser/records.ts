import { expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { PARTITION_QUEUE, QUEUE_PREFIX } from '#lib/revocation';
import type { World } from '../support/desk.js';
import { eventually, exchange } from '../support/story.js';

/** Lists, deliveries, jobs and the audit trail. */
export function records(world: World): void {
  it('finds an operator in the list, and disables the account once its name was shown', async () => {
    const { rig, hanako, taro } = world;
    const { page } = hanako;
    const [name, email] = ['田中 次郎', 'jiro@shomei.example'];
    await taro.done('POST', '/v1/operators', { name, email });
    await hanako.go('担当者');
    await hanako.heading('担当者');
    await page.getByLabel('担当者 絞り込み').fill('ＪＩＲＯ　初回');
    await hanako.told(name);
    expect(await page.locator('tbody tr').count()).toBe(1);
    expect(await hanako.faults('operators-found')).toEqual([]);
    await hanako.press(`${name} の操作`);
    await page.getByRole('menuitem', { name: 'アカウントを無効化' }).click();
    await page.getByRole('dialog').getByText(`${name} (${email})`, { exact: true }).waitFor();
    await hanako.picture('operator-disable');
    await hanako.confirm('アカウントを無効化');
    await hanako.told(`${name} のアカウントを無効化しました。`);
    await page.getByLabel('担当者 絞り込み').fill('次郎 無効');
    await page.getByRole('cell', { name: '無効', exact: true }).waitFor();
    const disabled = await rig.story.rows<{ email: string }>(
      'select email from operator_account where disabled_at is not null',
    );
    expect(disabled).toEqual([{ email }]);
  });

  it('shows how sweeps and webhooks of a tenant do, attempt by attempt, and sends an event again', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    const asked = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
      const headers = { authorization: `Bearer ${rig.story.apiKey}` };
      return (await exchange(`${rig.story.stack.urls.api}/v1/${path}`, { method, body, headers })).json as never;
    };
    // Nobody listens there.
    const { id: endpoint } = await asked('POST', 'webhook-endpoints', { url: 'http://127.0.0.1:9/hook' });
    const hook = `webhook-endpoints/${String(endpoint)}`;
    await asked('POST', `${hook}/test`);
    const { id } = await asked('POST', 'status-sweeps', { selection: { kind: 'all' }, certificates: 'both' });
    await eventually(
      () => asked('GET', `status-sweeps/${String(id)}`),
      ({ state }) => state === 'completed',
      60_000,
    );
    await eventually(
      () => asked('GET', `${hook}/deliveries`),
      ({ data }) => (data as { attempts: number }[]).every(({ attempts }) => attempts > 0),
      60_000,
    );

    await hanako.go('現況確認');
    await page.locator('tbody').getByText('完了').waitFor();
    await page.locator('tbody .as-link').click();
    await page.getByRole('dialog').getByText('確認の基準日時').waitFor();
    await page.getByRole('dialog').getByRole('link', { name: 'イベントの一覧' }).waitFor();
    expect(await hanako.faults('sweep')).toEqual([]);
    await hanako.picture('sweep');
    await page.keyboard.press('Escape');
    await hanako.visit(`/tenants/${rig.story.tenantId}?tab=webhooks`);
    await hanako.press('http://127.0.0.1:9 の送信履歴');
    await page
      .getByRole('button', { name: /の試行の記録$/ })
      .first()
      .click();
    await hanako.told('接続できず');
    expect(await hanako.faults('deliveries')).toEqual([]);
    await hanako.picture('deliveries');
    await page
      .getByRole('button', { name: /を再送$/ })
      .first()
      .click();
    await page.getByRole('dialog').last().getByRole('button', { name: '再送', exact: true }).click();
    await hanako.told('再送を登録しました。');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    // The same from the event: whoever was told of it, and how it stands there.
    await page.getByRole('link', { name: 'イベントの一覧' }).click();
    await hanako.heading('イベント');
    await page.getByLabel('種類').selectOption({ label: 'Webhookの試験送信' });
    await hanako.press('検索');
    await hanako.searched(/type=webhook_endpoint\.test/);
    const told = page.locator('tbody tr');
    await told.getByText('webhook_endpoint.test').waitFor();
    expect(await told.count()).toBe(1);
    await told.locator('.as-link').click();
    await page.waitForURL(/event=evt_/);
    await hanako.press('http://127.0.0.1:9 の試行の記録');
    await hanako.told('接続できず');
    await hanako.press('http://127.0.0.1:9 を再送');
    await page
      .getByRole('dialog')
      .last()
      .getByText(/^evt_.*（送信先 http:\/\/127\.0\.0\.1:9）$/)
      .waitFor();
    expect(await hanako.faults('event')).toEqual([]);
    await hanako.picture('event');
    await page.getByRole('dialog').last().getByRole('button', { name: '再送', exact: true }).click();
    await page.getByRole('dialog').last().getByText('イベントの詳細').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const taken = await hanako.taken(() => hanako.press('CSV イベント'));
    expect(taken.bytes.toString()).toContain('"Webhookの試験送信","webhook_endpoint.test"');
    const [recorded] = await rig.story.rows<{ n: string }>(
      `select count(*) as n from audit_event where action like 'webhook%.replay' and actor like 'operator:%'`,
    );
    expect(recorded).toEqual({ n: '2' });
  });

  it('shows what runs, and has a waiting job done at once, named before it is', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    const redis = new Redis(rig.story.stack.urls.redis, { maxRetriesPerRequest: null });
    const queue = new Queue(PARTITION_QUEUE, { connection: redis, prefix: QUEUE_PREFIX });
    // A partition that is gone by its time: then there is nothing to fetch.
    await queue.add('test', { mode: 'test', partitionId: '999999999' }, { delay: 86_400_000, removeOnComplete: true });
    await hanako.go('システム');
    await hanako.told('ワーカー（バックグラウンド処理）');
    await page.getByRole('cell', { name: '停止中' }).waitFor({ state: 'detached' });
    await hanako.tab('ジョブ');
    await page.getByRole('button', { name: /^失効リストの取得 再試行待ちのジョブ/ }).click();
    await hanako.press('テスト を再実行');
    await page.getByRole('dialog').getByText('失効リストの取得: テスト').waitFor();
    expect(await hanako.faults('job-retry')).toEqual([]);
    await hanako.picture('job-retry');
    await hanako.confirm('再実行');
    await hanako.told('「失効リストの取得: テスト」の再実行を依頼しました。');
    expect(
      await eventually(
        () => queue.getDelayedCount(),
        (left) => left === 0,
      ),
    ).toBe(0);
    // One that cannot be done, and then can.
    const broken = await queue.add('test', { mode: 'test', partitionId: 'none' }, { removeOnComplete: true });
    await eventually(
      () => queue.getFailedCount(),
      (failed) => failed === 1,
    );
    await broken.updateData({ mode: 'test', partitionId: '999999999' });
    await page.reload();
    await hanako.press('失効リストの取得 失敗をすべて再実行');
    await page.getByRole('dialog').getByText('失効リストの取得：失敗したジョブ1件', { exact: true }).waitFor();
    expect(await hanako.faults('jobs-retry-all')).toEqual([]);
    await hanako.picture('jobs-retry-all');
    await hanako.confirm('失敗をすべて再実行');
    await hanako.told('失効リストの取得の失敗したジョブの再実行を依頼しました。');
    expect(
      await eventually(
        () => queue.getFailedCount(),
        (failed) => failed === 0,
      ),
    ).toBe(0);
    await queue.close();
    redis.disconnect();
    await hanako.tab('設定');
    await hanako.told('設定済み（非表示）');
  });

  it('takes a list as a file: one that is here as a whole, one page by page, and one of the server’s', async () => {
    const { hanako } = world;
    const rowsOf = async (press: string): Promise<string[]> => {
      const { bytes } = await hanako.taken(() => hanako.press(press));
      expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
      return bytes.toString().slice(1).trimEnd().split('\r\n');
    };
    await hanako.go('担当者');
    await hanako.press('メールアドレス');
    const people = await rowsOf('CSV 担当者');
    expect(people[0]).toBe('"氏名","メールアドレス","ロール","状態","登録日時"');
    expect(people.slice(1).map((row) => row.split(',')[1])).toEqual(
      [...people.slice(1)].map((row) => row.split(',')[1]).sort(),
    );
    await hanako.go('事業者');
    expect((await rowsOf('CSV 事業者')).some((row) => row.startsWith('"株式会社青空銀行"'))).toBe(true);
    await hanako.go('検証履歴');
    const checks = await rowsOf('CSV');
    const id = world.validPath.split('/').at(-1)!;
    expect(checks.some((row) => row.startsWith(`"${id}"`))).toBe(true);
  });

  it('shows how far the trail is sealed, verifies it, and exports it', async () => {
    const { rig, yuki } = world;
    // The worker seals within seconds.
    await eventually(
      () => rig.story.rows<{ seq: string }>('select seq from audit_chain'),
      ([chain]) => Number(chain?.seq ?? 0) > 0,
      60_000,
    );
    await yuki.visit('/audit?tab=chain');
    await yuki.told('封印済みの記録');
    await yuki.press('検証する');
    await yuki.told('改ざんは見つかりませんでした');
    await yuki.told('異常なし');
    await yuki.picture('chain-verified');
    await yuki.tab('記録');
    await yuki.press('エクスポート');
    expect(await yuki.faults('audit-export')).toEqual([]);
    await yuki.picture('audit-export');
    const chain = await yuki.taken(() => yuki.confirm('ダウンロード'));
    const lines = chain.bytes.toString().trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ type: 'end' });
    await yuki.press('エクスポート');
    await yuki.page.getByRole('radio', { name: /^CSV/ }).check();
    await yuki.page.getByRole('dialog').getByLabel('事業者ID（空欄：すべて）').fill('ten_nowhere');
    await yuki.confirm('ダウンロード');
    await yuki.page.locator('[aria-invalid]').waitFor();
    await yuki.page.getByRole('dialog').getByLabel('事業者ID（空欄：すべて）').fill('');
    const table = await yuki.taken(() => yuki.confirm('ダウンロード'));
    expect(table.bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  });
}
