/** One benchmark in a process of its own, so that none measures another's garbage. Sends `{ rows }` to its parent. */
import { pathToFileURL } from 'node:url';
import { findChromium } from './chromium.mjs';
import { startStack } from './stack.mjs';

const { bench, needsStack } = await import(pathToFileURL(process.argv[2]).href);
const rows = await (needsStack ? bench({ startStack, chromiumPath: findChromium() }) : bench());
process.send({ rows }, () => process.exit(0));
