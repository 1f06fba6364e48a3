/** What a criterion of docs/accreditation.md names, line by line. */
export interface Criterion {
  title: string;
  /** `FILE: NAME`. */
  tests: { file: string; name: string }[];
  /** Texts in code font of its `Auditor` lines. */
  commands: string[];
  /** Targets of its `Pages` lines. */
  pages: string[];
}

/** The technical criteria of the page. A line that begins with a dash and is none of the three kinds is refused. */
export function readCriteria(markdown: string): Criterion[] {
  const [, section = ''] = markdown.split('## Technical criteria\n');
  return section
    .split('\n## ')[0]!
    .split(/^### /m)
    .slice(1)
    .map((text) => {
      const criterion: Criterion = { title: text.split('\n')[0]!, tests: [], commands: [], pages: [] };
      for (const [, line] of text.matchAll(/^- ((?:.|\n(?! *[-#\n]))+)/gm)) {
        const said = line!.replaceAll(/\s*\n\s*/g, ' ');
        const [, file, name] = /^Test: `([\w./-]+\.spec\.ts)`: (.+)$/.exec(said) ?? [];
        if (file !== undefined) criterion.tests.push({ file, name: name! });
        else if (said.startsWith('Auditor: '))
          criterion.commands.push(...[...said.matchAll(/`([^`]+)`/g)].map(([, command]) => command!));
        else if (said.startsWith('Pages: '))
          criterion.pages.push(...[...said.matchAll(/\]\(([^)#]+)/g)].map(([, target]) => target!));
        else throw new Error(`${criterion.title}: ${said}`);
      }
      return criterion;
    });
}

export interface OrganisationalRow {
  criterion: string;
  document: string;
  owner: string;
  renewed: string;
  validUntil: string;
}

/** The rows of the table of organisational criteria. */
export function readOrganisational(markdown: string): OrganisationalRow[] {
  const [, section = ''] = markdown.split('## Organisational criteria\n');
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => {
      const [criterion = '', document = '', owner = '', renewed = '', validUntil = ''] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      return { criterion, document, owner, renewed, validUntil };
    });
}

/** What the page rests on: where to look a thing up. */
export interface Surroundings {
  /** Text of a test file of that path, below `test/` unless it begins with `libs/` or `apps/`. */
  readTest: (file: string) => string | undefined;
  hasPage: (target: string) => boolean;
  scripts: readonly string[];
  /** Words of the operator's commands. */
  operatorCommands: readonly string[];
  /** `METHOD /path` of the operators' REST. */
  endpoints: readonly string[];
  /** Kinds of audit events. */
  actions: readonly string[];
}

/** Everything a criterion names that is not there, and what it lacks. */
export function faultsOf({ title, tests, commands, pages }: Criterion, around: Surroundings): string[] {
  const faults: string[] = [];
  if (!/（|\(.*\p{Script=Han}.*\)$/u.test(title)) faults.push('no Japanese term');
  if (tests.length === 0) faults.push('no test');
  if (commands.length === 0) faults.push('nothing for an auditor to run');
  for (const { file, name } of tests) {
    const text = around.readTest(file);
    if (text === undefined) faults.push(`${file} is no test`);
    else if (!names(text, name)) faults.push(`${file} has no test "${name}"`);
  }
  for (const page of pages) if (!around.hasPage(page)) faults.push(`${page} is no page`);
  for (const command of commands) faults.push(...commandFaults(command, around));
  return faults.map((fault) => `${title}: ${fault}`);
}

/** Whether a test file has a test or a group of that name, in whichever quotes, also one made for each of a list. */
function names(text: string, name: string): boolean {
  const literal = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?:\\b(?:it|describe)|\\))\\(\\s*(['"\`])${literal}\\1,`).test(text);
}

function commandFaults(command: string, { scripts, operatorCommands, endpoints, actions }: Surroundings): string[] {
  if (/^(GET|POST) /.test(command)) return endpoints.includes(command) ? [] : [`${command} is no endpoint`];
  const faults: string[] = [];
  const [, script, rest = ''] = /^npm run (?:--silent )?([\w-]+)(?: -- (.*))?$/.exec(command) ?? [];
  if (script === undefined) return isAction(command, actions) ? [] : [`${command} is no command`];
  if (!scripts.includes(script)) faults.push(`npm run ${script} is not there`);
  if (script === 'operator' && rest !== '--help') {
    const words = rest.split(/ -/)[0]!.trim();
    if (!operatorCommands.includes(words)) faults.push(`operator ${words} is no command`);
  }
  const [, action] = /--action '([^']+)'/.exec(rest) ?? [];
  if (action !== undefined && !isAction(action, actions)) faults.push(`no audit event is ${action}`);
  return faults;
}

const isAction = (action: string, actions: readonly string[]): boolean =>
  action.endsWith('.*') ? actions.some((each) => each.startsWith(action.slice(0, -1))) : actions.includes(action);
