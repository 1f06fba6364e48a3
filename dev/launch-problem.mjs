/** Something the person at the keyboard can mend. Shown as its message alone; anything else is shown with its stack. */
export class LaunchProblem extends Error {
  name = 'LaunchProblem';
}

/** Runs a command's main function; a failure is printed and becomes exit code 1. */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    process.stderr.write(`\n${error instanceof LaunchProblem ? error.message : (error?.stack ?? String(error))}\n`);
    process.exitCode = 1;
  }
}
