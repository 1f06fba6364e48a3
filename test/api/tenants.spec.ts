import { afterAll } from '@jest/globals';
import { ApiStack } from '../support/api.js';
import './tenants/identify.js';
import './tenants/counterpart-lookups.js';
import './tenants/audit-events.js';

/** One API for all of these: starting one takes longer than most of what is tried with it. */
afterAll(async () => (await ApiStack.shared()).stop());
