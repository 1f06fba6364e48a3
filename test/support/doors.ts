import type pg from 'pg';

/** A function that runs with more rights than its caller. */
export interface Door {
  name: string;
  /** Login roles that may call it, without their prefix; none where only triggers and other doors do. */
  callers: string[];
}
/** A row of the register in docs/security.md. */
export interface RegisteredDoor extends Door {
  /** Path of the test that attacks it, below `test/`. */
  test: string;
}

const ROW = /^\| `([a-z_]+)` *\| ([a-z, ]+?|-) *\| `([\w./-]+\.spec\.ts)` *\|$/;

/** The rows of the register: name, callers and attacking test of each door. */
export function readRegister(markdown: string): RegisteredDoor[] {
  const [, section = ''] = markdown.split('## Register of the doors');
  return section
    .split('\n## ')[0]!
    .split('\n')
    .flatMap((line) => {
      const [, name, callers, test] = ROW.exec(line) ?? [];
      return name === undefined ? [] : [{ name, callers: callers === '-' ? [] : callers!.split(', '), test: test! }];
    });
}

/** Every door of a database, whatever schema it is in. */
export async function doorsOf(client: pg.Client): Promise<Door[]> {
  const { rows } = await client.query<Door>(`
    select p.proname::text as name, array(select substr(r.rolname::text, 8) from pg_roles r
      where r.rolname like 'shomei\\_%' and r.rolcanlogin and r.rolname <> current_user
        and has_function_privilege(r.oid, p.oid, 'execute') order by 1) as callers
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema') order by 1`);
  return rows;
}

/** What is wrong with the register, a line each. `readTest` gives the text of a test file, or nothing. */
export function registerFaults(
  register: readonly RegisteredDoor[],
  doors: readonly Door[],
  readTest: (path: string) => string | undefined,
): string[] {
  const byName = new Map(register.map((row) => [row.name, row]));
  const known = new Set(doors.map(({ name }) => name));
  return [
    ...register.filter(({ name }) => !known.has(name)).map(({ name }) => `${name}: registered and not there`),
    ...doors.flatMap(({ name, callers }) => {
      const row = byName.get(name);
      if (!row) return [`${name}: not registered`];
      const text = readTest(row.test);
      return [
        ...(row.callers.join() === callers.join()
          ? []
          : [`${name}: may be called by ${callers.join(', ') || 'nobody'}`]),
        ...(text === undefined ? [`${name}: ${row.test} is no test`] : []),
        ...(text === undefined || new RegExp(`\\b${name}\\(`).test(text)
          ? []
          : [`${name}: ${row.test} does not call it`]),
      ];
    }),
  ];
}
