import { testLibraryPaths } from './dev/test-libraries.mjs';

const libraries = testLibraryPaths();

const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch: testMatch.map((glob) => `<rootDir>/${glob}`),
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', ...libraries },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.cache/', '<rootDir>/.data/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  ...extra,
});

/**
 * unit: pure, no servers. service: one lib against PostgreSQL. api: a started application. system: whole processes.
 * browser: the console in Chromium over whole processes. spreadsheet: what is exported, opened by LibreOffice. */
export default {
  // Generous: a loaded machine is slow, and no test measures time.
  testTimeout: 60_000,
  testSequencer: '<rootDir>/test/support/test-order.mjs',
  projects: [
    project('unit', ['libs/*/src/**/*.spec.ts', 'apps/*/src/**/*.spec.ts', 'dev/**/*.spec.ts']),
    project('service', ['test/service/**/*.spec.ts']),
    project('api', ['test/api/**/*.spec.ts']),
    project('system', ['test/system/**/*.spec.ts']),
    project('browser', ['test/browser/**/*.spec.ts']),
    project('spreadsheet', ['test/spreadsheet/**/*.spec.ts']),
  ],
};
