import TestSequencer from '@jest/test-sequencer';

/** From the longest test files to the shortest, roughly. */
const PROJECTS = ['browser', 'system', 'spreadsheet', 'api', 'service', 'unit'];

/**
 * Long test files first, so that no core is idle while the last one runs. Where no earlier run is on record Jest goes by
 * the size of a file, and the browser's is a small one that imports what it does: it ran alone at the end, for minutes.
 */
export default class TestOrder extends TestSequencer {
  /** @override */
  sort(tests) {
    const rank = (test) => PROJECTS.indexOf(test.context.config.displayName.name);
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
}
