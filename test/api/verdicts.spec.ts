import { afterAll } from '@jest/globals';
import { ApiStack } from '../support/api.js';
import './verdicts/signature-verifications.js';
import './verdicts/invalid-verdicts.js';
import './verdicts/unprocessable.js';
import './verdicts/malformed.js';
import './verdicts/contracted-methods.js';

/** One API for all of these: starting one takes longer than most of what is tried with it. */
afterAll(async () => (await ApiStack.shared()).stop());
