import { z } from 'zod';
import { JlisUnavailable } from './jlis-unavailable.js';
import type { ServiceRow } from './service-contract.js';
import type { TlsAnswer } from './tls-exchange.js';

/** RFC 9457; of it only the code is read. */
const PROBLEM = z.object({ code: z.string().regex(/^[a-z_]{1,64}$/) });

/** The service's statement that it refuses what was sent: an answer of its own, not a fault. */
export class ServiceRefusal extends Error {
  override readonly name = 'ServiceRefusal';
  constructor(readonly code: string) {
    super(`J-LIS refuses: ${code}`);
  }
}

/**
 * The parsed answer of a service.
 * @throws ServiceRefusal with the code the row names; JlisUnavailable for everything else that is no answer. Neither
 *   quotes the body: it may hold personal data.
 */
export function readAnswer(row: ServiceRow, { status, body, retryAfterSeconds }: TlsAnswer): unknown {
  const facts = { mayHaveBeenSent: true, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  if (status === 200) return parseAnswer(row, body);
  if (status >= 300 && status < 400) throw new JlisUnavailable('redirected', status, facts);
  if (status === 429) throw new JlisUnavailable('too_many_requests', status, facts);
  const code = problemCode(body);
  if (status === row.refusal?.status && code === row.refusal.code) throw new ServiceRefusal(code);
  if (status === 403 && code === 'client_certificate_refused') throw new JlisUnavailable('tls_refused', code, facts);
  throw new JlisUnavailable('http_status', status, facts);
}

function parseAnswer(row: ServiceRow, body: Buffer): unknown {
  const parsed = row.answer.safeParse(json(body));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw malformed(issue!.path.map(String).join('.') || 'shape');
  }
  return parsed.data;
}

function json(body: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw malformed('not_utf8');
  }
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: V8's message quotes the text.
    throw malformed('not_json');
  }
}

function problemCode(body: Buffer): string | undefined {
  try {
    return PROBLEM.parse(json(body)).code;
  } catch (error) {
    // A proxy's page, for instance; the status says enough.
    if (error instanceof z.ZodError || error instanceof JlisUnavailable) return undefined;
    throw error;
  }
}

/** @param fact the rule broken; a path into the answer, never a value of it. */
export const malformed = (fact: string): JlisUnavailable =>
  new JlisUnavailable('answer_malformed', fact, { mayHaveBeenSent: true });
