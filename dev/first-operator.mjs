/** Nobody's address: the first operator of a machine where `npm start` runs. */
const FIRST = { email: 'admin@shomei.example', name: '最初の管理者' };

/** What can be changed by two people only needs this once; the console has no way to make a second person with a role. */
const SECOND = 'npm run operator -- operator create --role admin --email … --name …';

/**
 * Makes the first operator of a new installation, an admin. Returns what to print, and of a new one how the second is
 * made: the password is in it this once, has to be changed at the first sign-in, and is kept nowhere.
 */
export async function firstOperator(stack) {
  const known = await stack.operator(['operator', 'list']);
  if (known.trim() !== '')
    return { who: `${known.trim().split('\n').length} known, see \`npm run operator -- operator list\`` };
  const { email, name } = FIRST;
  const made = JSON.parse(
    await stack.operator(['operator', 'create', '--email', email, '--name', name, '--role', 'admin']),
  );
  return { who: `${email}, password ${made.password}, shown this once`, second: SECOND };
}
