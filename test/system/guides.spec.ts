import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { REASONS } from '#lib/pki';
import { PROBLEMS } from '#lib/platform';
import { followGuide, readGuide, type Step } from '../support/guide.js';
import { freePort } from '../../dev/ports.mjs';
import { eventually, Story } from '../support/story.js';

const GUIDES = join(process.cwd(), 'docs', 'guides');
const textOf = (name: string): string => readFileSync(join(GUIDES, `${name}.md`), 'utf8');

/** Waits until the API has taken over the lists of both hierarchies; `npm start` has done so by the time one types. */
async function listsLoaded(story: Story): Promise<void> {
  const card = await story.card();
  const signed = await card.sign();
  const isValid = ({ body }: { body: { outcome: string } }): boolean => body.outcome === 'valid';
  const verified = await eventually(() => story.verify(signed), isValid, 30_000);
  const login = async () => story.authenticate(await card.answer(await story.challenge()));
  const authenticated = await eventually(login, isValid, 30_000);
  expect([verified.body.outcome, authenticated.body.outcome]).toEqual(['valid', 'valid']);
}

/** Names under which the headings of a page can be linked to. */
const headingsOf = (page: string): string[] =>
  [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/**
 * How many commands with a shown answer each guide has at least: an emptied guide would pass otherwise. The one that
 * moves the clocks comes last.
 */
const LEAST_ANSWERS: Record<string, number> = {
  'sign-up': 11,
  login: 14,
  'age-check': 14,
  'annual-status-check': 7,
  'address-change': 8,
  'what-is-billed': 9,
  renewal: 13,
};
/** Guides to the pages of the console, which the browser tests go through. */
const OF_PAGES = ['operator', 'operator.ja'];
const TIMEOUT_MS = 240_000;

describe('the guides', () => {
  it('are all listed and all run', () => {
    const files = readdirSync(GUIDES).filter((file) => file !== 'README.md');
    expect(files.map((file) => file.replace(/\.md$/, '')).sort()).toEqual(
      [...Object.keys(LEAST_ANSWERS), ...OF_PAGES].sort(),
    );
    const index = textOf('README');
    for (const file of files) expect(index).toContain(`](${file})`);
  });

  it.each(Object.keys(LEAST_ANSWERS))('%s names under "Problems" only codes that exist', (name) => {
    const problems = textOf(name).split(/^## Problems$/m)[1];
    const codes = [...(problems ?? '').matchAll(/^\| (?:\d{3} )?`([a-z_]+)`/gm)].map(([, code]) => code!);
    expect(codes.length).toBeGreaterThan(2);
    for (const code of codes) expect(Object.keys({ ...PROBLEMS, ...REASONS })).toContain(code);
  });

  it.each(['README', ...OF_PAGES, ...Object.keys(LEAST_ANSWERS)])(
    '%s leads only to pages and headings that exist',
    (name) => {
      const own = join(GUIDES, `${name}.md`);
      for (const [, link] of textOf(name).matchAll(/\]\(([^)]+)\)/g)) {
        const [path, heading] = link!.split('#') as [string, string?];
        const page = path === '' ? own : join(dirname(own), path);
        expect([link, existsSync(page)]).toEqual([link, true]);
        if (heading !== undefined) expect([link, headingsOf(page)]).toEqual([link, expect.arrayContaining([heading])]);
      }
    },
  );
});

describe('each command of a guide gives the answer that is shown below it', () => {
  let story: Story;
  let bin: string;

  beforeAll(async () => {
    story = await Story.begin();
    await listsLoaded(story);
    bin = mkdtempSync(join(tmpdir(), 'shomei-operator-'));
    // What `npm run operator --` is to a reader; that one asks for the installation of `npm start`.
    const script = join(process.cwd(), 'dist/apps/admin/src/operator.js');
    writeFileSync(join(bin, 'operator'), `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`);
    chmodSync(join(bin, 'operator'), 0o755);
  }, 120_000);
  afterAll(async () => {
    await story?.end();
    if (bin) rmSync(bin, { recursive: true });
  });

  it.each(Object.entries(LEAST_ANSWERS))(
    '%s',
    async (name, least) => {
      const steps = readGuide(textOf(name));
      expect(steps.filter((step) => 'shown' in step).length).toBeGreaterThanOrEqual(least);
      const { api, sandbox } = story.stack.urls;
      const preparation = readGuide(textOf('README'));
      const faults = await followGuide([...preparation, ...steps], {
        addresses: { 'http://127.0.0.1:3000': api, 'http://127.0.0.1:4010': sandbox },
        env: {
          ...story.stack.operatorEnvironment(),
          API: api,
          SANDBOX: sandbox,
          KEY: story.apiKey,
          OPERATOR: join(bin, 'operator'),
          RECEIVER: `${process.execPath} ${join(process.cwd(), 'dist/libs/api-client/examples/webhook-receiver.js')}`,
          HOOK_PORT: String(await freePort()),
        },
        timeoutMs: TIMEOUT_MS,
      });
      expect(faults.join('\n')).toBe('');
    },
    TIMEOUT_MS + 10_000,
  );
});

describe('a guide that is not true is found out', () => {
  const follow = (text: string): Promise<string[]> =>
    followGuide(readGuide(text), { addresses: {}, env: {}, timeoutMs: 20_000 });
  const guide = (...blocks: [command: string, answer?: string][]): string =>
    blocks
      .map(([command, answer]) => `\`\`\`sh\n${command}\n\`\`\`\n${answer ? `\n\`\`\`json\n${answer}\n\`\`\`\n` : ''}`)
      .join('\nText.\n\n');
  const ONE = '0123456789abcdef0123456789abcdef';
  const TWO = 'fedcba9876543210fedcba9876543210';
  const print = (json: string): string => `printf '%s' '${json}'`;

  it('and one that is true is not, variables and functions living on from block to block', async () => {
    const text = guide(
      ['A=1; twice() { echo "[\\"$1\\",\\"$1\\"]"; }'],
      [`twice "per_${ONE}"`, '["per_a…", "per_a…"]'],
      [
        print(`{"at":"2026-01-02T03:04:05.678Z","nonce":"x","n":1}`),
        '{"at":"2025-12-31T23:59:59.000Z","nonce":"…","n":1}',
      ],
    );
    expect(await follow(text)).toEqual([]);
  });

  it.each([
    ['another value', '{"a":1}', '{"a":2}', 'answer.a is 1, shown as 2'],
    ['another type', '{"a":1}', '{"a":"1"}', 'answer.a is 1, shown as "1"'],
    ['null for an object', '{"a":null}', '{"a":{}}', 'answer.a is null, shown as {}'],
    ['a list for an object', '{"a":[]}', '{"a":{}}', 'answer.a is [], shown as {}'],
    ['nothing for any text', '{"a":""}', '{"a":"…"}', 'answer.a is "", shown as "…"'],
    ['null for any text', '{"a":null}', '{"a":"…"}', 'answer.a is null, shown as "…"'],
    ['a missing member', '{}', '{"a":1}', 'answer.a is shown and missing'],
    ['a member too many', '{"a":1}', '{}', 'answer.a is there and not shown'],
    ['a list that is shorter', '[1]', '[1,2]', 'answer.1 is shown and missing'],
    ['a day for an instant', '["2026-01-02"]', '["2026-01-02T03:04:05.678Z"]', 'answer.0 is "2026-01-02", shown as'],
    ['an id of another kind', `["ver_${ONE}"]`, '["per_a…"]', 'answer.0 is "ver_'],
    ['two ids under one name', `["per_${ONE}","per_${TWO}"]`, '["per_a…","per_a…"]', 'answer.1 is "per_fed'],
    ['one id under two names', `["per_${ONE}","per_${ONE}"]`, '["per_a…","per_b…"]', 'answer.1 is "per_012'],
  ])('by %s', async (_, real, shown, fault) => {
    const faults = await follow(guide([print(real), shown]));
    expect(faults).toEqual([expect.stringContaining(`line 2: ${fault}`)]);
  });

  it.each([
    [
      'a command that fails',
      guide(['true'], ['echo gone >&2; false', '{}'], ['true']),
      'line 8: ended with exit code 1: gone',
    ],
    ['a variable that was never set', guide(['echo "$NOT_SET" > x'], ['true']), 'line 2: ended with exit code'],
    ['an answer that is not shown', guide([print('{}')]), 'line 2: prints what the guide does not show: {}'],
    ['an answer that is no JSON', guide(['echo hello', '{}']), 'line 2: prints no JSON: hello'],
  ])('by %s', async (_, text, fault) => {
    expect(await follow(text)).toEqual([expect.stringContaining(fault)]);
  });

  it('by an answer that follows no command', () => {
    expect(() => readGuide('```json\n{}\n```\n')).toThrow('line 2: an answer to no command');
    expect(() => readGuide(guide(['true', '{}']) + '\n```json\n{}\n```\n')).toThrow('an answer to no command');
  });

  it('by a command that never ends', async () => {
    const steps: Step[] = readGuide(guide(['sleep 600', '{}']));
    const faults = await followGuide(steps, { addresses: {}, env: {}, timeoutMs: 300 });
    expect(faults).toEqual([expect.stringContaining('line 2: ended with SIGKILL')]);
  });
});
