/** Nobody's address: the first operator of a machine where `npm start` runs. */
const FIRST = { email: 'admin@shomei.example', name: 'First operator' };

/**
 * Makes the first operator of a new installation, an admin. Returns what to print: the password is in it this once, has
 * to be changed at the first sign-in, and is kept nowhere.
 */
export async function firstOperator(stack) {
  const known = await stack.operator(['operator', 'list']);
  if (known.trim() !== '') return `${known.trim().split('\n').length} known, see \`npm run operator -- operator list\``;
  const { email, name } = FIRST;
  const made = JSON.parse(
    await stack.operator(['operator', 'create', '--email', email, '--name', name, '--role', 'admin']),
  );
  return `${email}, password ${made.password}, shown this once`;
}
