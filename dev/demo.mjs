import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchProblem } from './launch-problem.mjs';

/** A card of the sandbox's catalogue with which nothing is wrong, and the PIN of its sign certificate. */
export const DEMO_CARD = { id: 'adult-valid', pin: 'TEST1234' };

/**
 * The demo tenant and its test API key, `{ tenant_id, api_key }`. The key is shown once when it is made, so it is kept
 * in `demo.json` (0600) of the data directory for later starts.
 */
export async function seedDemo(stack) {
  const file = join(stack.dataDir, 'demo.json');
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  // Seeding also tells the database where the sandbox is.
  if (kept?.sandbox === stack.urls.sandbox) return kept;
  const demo = { ...JSON.parse(await stack.operator(['seed-demo'])), sandbox: stack.urls.sandbox };
  writeFileSync(file, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  return demo;
}

/** The kept key, or a new one when the API does not know it: the database is another one than at the last start. */
export async function knownDemo(stack, demo) {
  const headers = { authorization: `Bearer ${demo.api_key}` };
  const answer = await fetch(`${stack.urls.api}/v1/me`, { headers, signal: AbortSignal.timeout(10_000) });
  await answer.arrayBuffer();
  if (answer.status !== 401) return demo;
  rmSync(join(stack.dataDir, 'demo.json'));
  return seedDemo(stack);
}

/** A request body for `POST /v1/signature-verifications`, signed by the demo card in the sandbox. */
export async function signedRequest(stack, text) {
  const content = Buffer.from(text, 'utf8').toString('base64');
  const signed = await postJson(`${stack.urls.sandbox}/cards/${DEMO_CARD.id}/sign`, {
    certificate: 'sign',
    pin: DEMO_CARD.pin,
    content,
  });
  return {
    format: 'raw',
    certificate: signed.certificate,
    signature: signed.signature,
    padding: 'pkcs1_v15',
    digest_algorithm: 'sha256',
    content,
    revocation: 'crl',
  };
}

/**
 * Sends the request to the real API and returns its answer. A process that has just started may still be loading the
 * revocation data that the worker fetched; it says so by `indeterminate`, and is asked again for a while.
 */
export async function verify(stack, apiKey, body, patienceMs = 15_000) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const url = `${stack.urls.api}/v1/signature-verifications`;
    const answer = await postJson(url, body, { authorization: `Bearer ${apiKey}` });
    if (answer.outcome !== 'indeterminate' || Date.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The same request as one line to paste into a shell. Base64 and JSON hold no single quote. */
export function curlLine(stack, apiKey, body) {
  return [
    `curl -sS ${stack.urls.api}/v1/signature-verifications`,
    `-H 'authorization: Bearer ${apiKey}'`,
    "-H 'content-type: application/json'",
    `-d '${JSON.stringify(body)}'`,
  ].join(' ');
}

async function postJson(url, body, headers = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await answer.text();
  if (!answer.ok) throw new LaunchProblem(`POST ${url} was answered with ${answer.status}:\n${text}`);
  return JSON.parse(text);
}
