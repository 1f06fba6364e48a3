import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';
import type { Stack, StackOptions } from '../../dev/stack.mjs';

/** The runner passes `startStack` and the browser's path in. */
export const needsStack = true;

const ROUNDS = 15;
const GOAL_MS = 1_000;
const BARE = '<!doctype html><title>bare</title><label>Mail <input type="email"></label>';

/** From asking for a page until somebody can type into its field, in a window that has loaded nothing before. */
async function firstTyped(browser: Browser, url: string, label: string): Promise<number> {
  const context = await browser.newContext({ locale: 'ja-JP' });
  const page = await context.newPage();
  const began = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  const field = page.getByLabel(label);
  await field.fill('hanako@shomei.example');
  if ((await field.inputValue()) !== 'hanako@shomei.example') throw new Error(`${url} lost what was typed`);
  const took = performance.now() - began;
  await context.close();
  return took;
}

function middle(times: readonly number[]): number {
  return [...times].sort((one, other) => one - other)[Math.floor(times.length / 2)]!;
}

/** The sign-in page against a page that is nothing but a field, in turn. */
export async function bench({
  startStack,
  chromiumPath,
}: {
  startStack: (options: StackOptions) => Promise<Stack>;
  chromiumPath: string | undefined;
}) {
  if (!chromiumPath) throw new Error('There is no Chromium. Install it, or name it in CHROMIUM.');
  const bare = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(BARE));
  await once(bare.listen(0, '127.0.0.1'), 'listening');
  const stack = await startStack({ throwaway: true, apps: ['admin'] });
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`;
    const [bares, ours]: [number[], number[]] = [[], []];
    for (let round = 0; round <= ROUNDS; round++) {
      bares.push(await firstTyped(browser, bareUrl, 'Mail'));
      ours.push(await firstTyped(browser, `${stack.urls.admin}/`, 'メールアドレス'));
      // The first round starts the browser's own processes.
      if (round === 0) bares.length = ours.length = 0;
    }
    return [
      {
        name: 'sign-in page, nothing cached, until typed into',
        'bare page ms': middle(bares),
        'median ms': middle(ours),
        'slowest ms': Math.max(...ours),
        ratio: middle(ours) / middle(bares),
        goal: `<= ${GOAL_MS} ms`,
        met: middle(ours) <= GOAL_MS,
      },
    ];
  } finally {
    await browser.close();
    await stack.stop();
    bare.close();
  }
}
