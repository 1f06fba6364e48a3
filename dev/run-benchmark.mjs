/** One benchmark in a process of its own, so that none measures another's garbage. Sends `{ rows }` to its parent. */
import { pathToFileURL } from 'node:url';
import { startStack } from './stack.mjs';

const { bench, needsStack } = await import(pathToFileURL(process.argv[2]).href);
const rows = await (needsStack ? bench({ startStack }) : bench());
process.send({ rows }, () => process.exit(0));
