import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ConsoleRig } from '../support/console.js';
import { BusyDesk, Desk, type World } from '../support/desk.js';
import { appearance } from './appearance.js';
import { ending } from './ending.js';
import { invoices } from './invoices.js';
import { months } from './months.js';
import { onboarding } from './onboarding.js';
import { overview } from './overview.js';
import { prices } from './prices.js';
import { records } from './records.js';
import { verifications } from './verifications.js';

/** Long enough for a busy machine; nothing here measures time. */
const LONG_MS = 600_000;
jest.setTimeout(LONG_MS);

/** One installation for all of it: starting its processes takes longer than most of what is tried with them. */
describe('the console', () => {
  const world = {} as World;

  beforeAll(async () => {
    const rig = await ConsoleRig.start();
    world.rig = rig;
    const first = await rig.account('hanako@shomei.example', '佐藤 花子');
    world.hanako = new Desk(rig, await rig.window(), first);
    world.taro = await BusyDesk.open(rig, await rig.account('taro@shomei.example', '鈴木 太郎'));
  });
  afterEach(() => expect(world.rig.complaints.splice(0)).toEqual([]));
  afterAll(() => world.rig?.stop());

  it('lets a new operator in by password, authenticator and a password of his own', async () => {
    const { rig, hanako } = world;
    await rig.enrol(hanako.page, hanako.person, async (name) => {
      expect(await hanako.faults(name)).toEqual([]);
      await hanako.picture(name);
    });
    expect(await hanako.page.title()).toBe('概要 · Shomei');
  });

  it('loads at most 300 kB of compressed JavaScript before somebody signs in', async () => {
    const page = await world.rig.window();
    await page.goto('/');
    await page.getByLabel('メールアドレス').waitFor();
    const loaded = await page.evaluate<string[]>(
      `performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname).filter((path) => path.endsWith('.js'))`,
    );
    const sizes = loaded.map((path) => statSync(join('dist/apps/console', `${path}.gz`)).size);
    expect(sizes.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(300_000);
    await page.context().close();
  });

  onboarding(world);
  verifications(world);
  records(world);
  overview(world);
  months(world);
  invoices(world);
  prices(world);
  appearance(world);
  ending(world);
});
