/**
 * Which folder may import which. This table is the one place where that is decided; a folder of code that is not in it
 * stops the check. `'*'` is everything.
 */
export const ALLOWED_IMPORTS = {
  'libs/pki': [],
  'libs/platform': [],
  'libs/api-client': [],
  'libs/audit': ['libs/platform'],
  'libs/tenancy': ['libs/audit', 'libs/platform'],
  'libs/operators': ['libs/audit', 'libs/platform'],
  'libs/webhook': ['libs/tenancy', 'libs/audit', 'libs/platform'],
  'libs/billing': ['libs/audit', 'libs/platform'],
  'libs/jlis': ['libs/audit', 'libs/platform'],
  'libs/revocation': ['libs/pki', 'libs/jlis', 'libs/audit', 'libs/platform'],
  'libs/persons': [
    'libs/jlis',
    'libs/revocation',
    'libs/pki',
    'libs/tenancy',
    'libs/webhook',
    'libs/billing',
    'libs/audit',
    'libs/platform',
  ],
  'libs/verification': [
    'libs/pki',
    'libs/revocation',
    'libs/persons',
    'libs/tenancy',
    'libs/webhook',
    'libs/billing',
    'libs/audit',
    'libs/platform',
  ],
  'libs/monitoring': [
    'libs/revocation',
    'libs/persons',
    'libs/tenancy',
    'libs/webhook',
    'libs/billing',
    'libs/audit',
    'libs/platform',
  ],
  'apps/api': ['libs/(?!api-client/)[^/]+'],
  'apps/admin': ['libs/(?!api-client/)[^/]+'],
  'apps/worker': ['libs/(?!api-client/)[^/]+'],
  'apps/console': ['libs/api-client'],
  // The tester must not share the tested code's bugs: never libs/pki.
  'apps/sandbox': ['libs/platform'],
  migrations: ['libs/platform'],
  test: ['*'],
  // Runs before anything is installed or built.
  dev: [],
};

/** Folders whose children each need a row; the others need one themselves. */
export const PARENTS = ['apps', 'libs'];
export const TOP_LEVEL = ['migrations', 'test', 'dev'];

const OURS = '^(?:apps|libs|migrations|test|dev)/';
/** Builders of certificates, lists and messages that unit specs share. */
const FIXTURES = '^test/support/';
/** Its specs use no fixtures either: those are made with libs/pki. */
const INDEPENDENT = 'apps/sandbox';
const SPEC = '\\.spec\\.ts$';

function folderRules() {
  return Object.entries(ALLOWED_IMPORTS)
    .filter(([, allowed]) => !allowed.includes('*'))
    .flatMap(([folder, allowed]) => {
      const name = `imports-of-${folder.replace('/', '-')}`;
      const except = [folder, ...allowed].map((target) => `^${target}/`);
      const inside = `^${folder}/`;
      return [
        { name, severity: 'error', from: { path: inside, pathNot: SPEC }, to: { path: OURS, pathNot: except } },
        {
          name,
          severity: 'error',
          from: { path: `${inside}.*${SPEC}` },
          to: { path: OURS, pathNot: folder === INDEPENDENT ? except : [...except, FIXTURES] },
        },
      ];
    });
}

/** The rule set for dependency-cruiser. */
export const RULES = {
  forbidden: [
    ...folderRules(),
    {
      name: 'lib-by-its-index',
      comment: 'A lib is entered by #lib/<name>; its other files are its own.',
      severity: 'error',
      from: { path: '^((?:apps|libs)/[^/]+|migrations|dev)/' },
      to: { path: '^libs/[^/]+/', pathNot: ['^$1/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'pki-is-pure',
      comment: 'No I/O and no framework; of Node only what computes.',
      severity: 'error',
      from: { path: '^libs/pki/', pathNot: SPEC },
      to: { dependencyTypes: ['core'], pathNot: '^(?:node:)?(?:crypto|buffer)$' },
    },
    {
      name: 'pki-without-framework',
      severity: 'error',
      from: { path: '^libs/pki/' },
      to: { path: 'node_modules/(?:@nestjs|typeorm|pg|ioredis|bullmq|fastify)/' },
    },
    {
      name: 'no-development-dependency',
      comment: 'The image is built without them.',
      severity: 'error',
      // The console is bundled at build time: of what it imports the image has only the bundle.
      from: { path: '^(?:apps|libs|migrations)/', pathNot: [SPEC, '^apps/console/'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'launcher-stands-alone',
      comment: 'dev/ runs before anything is installed; what it needs later it loads dynamically.',
      severity: 'error',
      from: { path: '^dev/', pathNot: '^dev/(?:boundaries|boundary-check|boundary-rules)\\.mjs$' },
      to: { dependencyTypes: ['npm', 'npm-dev'], dynamic: false },
    },
  ],
};
