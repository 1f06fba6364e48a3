import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { StateStore } from '../state-store.js';
import { JlisProblem } from './jlis-problem.js';

const FOLDER = 'jlis-consents';
/** Every consent is a file and stays in memory. */
const MAX_CONSENTS = 20_000;
/** Consents to the delivery of attributes are good for ten years. */
const LONGEST_YEARS = 10;

/** Times are milliseconds. */
const consentSchema = z.object({
  id: z.string(),
  serviceId: z.string(),
  requestId: z.string(),
  /** SHA-256 of what was asked: the same request id with other contents is refused. */
  requestDigest: z.string(),
  person: z.string(),
  textVersion: z.string(),
  givenAt: z.number().int(),
  registeredAt: z.number().int(),
  expiresAt: z.number().int(),
  /** When the holder will withdraw it, if that is settled already. */
  withdrawsAt: z.number().int().optional(),
  withdrawal: z.object({ sequence: z.number().int().min(1), at: z.number().int() }).optional(),
});
export type Consent = z.infer<typeof consentSchema>;

export interface Registration {
  serviceId: string;
  requestId: string;
  /** What identifies the request's contents. */
  contents: string;
  person: string;
  textVersion: string;
  givenAt: number;
  expiresAt: number;
  withdrawsAt?: number;
}

export interface Withdrawal {
  sequence: number;
  serviceId: string;
  consentId: string;
  at: number;
}

const yearsAfter = (ms: number, years: number): number => {
  const date = new Date(ms);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
};

const requestKey = (serviceId: string, requestId: string): string => `${serviceId} ${requestId}`;
const digestOf = (contents: string): string => createHash('sha256').update(contents).digest('hex');

/** Consents to the delivery of attributes and their withdrawals, numbered in the order in which they became known. */
export class ConsentRegister {
  private readonly byId = new Map<string, Consent>();
  private readonly byRequest = new Map<string, Consent>();
  private sequence = 0;

  constructor(private readonly store: StateStore) {
    for (const file of store.list(FOLDER)) {
      const consent = store.read(file, consentSchema);
      if (consent) this.index(consent);
    }
  }

  /** What the same service registered by the same request; a retry must not be judged anew. */
  findByRequest({ serviceId, requestId, contents }: Omit<Registration, 'person'>): Consent | undefined {
    const known = this.byRequest.get(requestKey(serviceId, requestId));
    if (known && known.requestDigest !== digestOf(contents))
      throw new JlisProblem('request_invalid', 'this request id was used for another consent');
    return known;
  }

  register(registration: Registration, now: number): Consent {
    if (this.byId.size >= MAX_CONSENTS) throw new JlisProblem('unavailable', 'the sandbox holds no more consents');
    const { contents, expiresAt, withdrawsAt, ...kept } = registration;
    const consent: Consent = {
      ...kept,
      id: `cns-${randomBytes(12).toString('hex')}`,
      requestDigest: digestOf(contents),
      registeredAt: now,
      expiresAt: Math.min(expiresAt, yearsAfter(registration.givenAt, LONGEST_YEARS)),
      ...(withdrawsAt === undefined ? {} : { withdrawsAt }),
    };
    this.keep(consent);
    return consent;
  }

  /** The consent of one service; one of another service is as good as none. */
  find(serviceId: string, id: string, now: number): Consent | undefined {
    this.carryOut(now);
    const consent = this.byId.get(id);
    return consent?.serviceId === serviceId ? consent : undefined;
  }

  list(now: number): Consent[] {
    this.carryOut(now);
    return [...this.byId.values()];
  }

  /** Withdraws what is not withdrawn yet; final. */
  withdraw(consents: readonly Consent[], now: number): void {
    for (const consent of consents.filter(({ withdrawal }) => !withdrawal))
      this.keep({ ...consent, withdrawal: { sequence: this.sequence + 1, at: now } });
  }

  /** Up to `limit` withdrawals after the one numbered `after`, and whether there are more. */
  withdrawals(after: number, limit: number, now: number): { withdrawals: Withdrawal[]; more: boolean } {
    this.carryOut(now);
    const all = [...this.byId.values()]
      .flatMap(({ id, serviceId, withdrawal }) => (withdrawal ? [{ ...withdrawal, serviceId, consentId: id }] : []))
      .filter(({ sequence }) => sequence > after)
      .sort((one, other) => one.sequence - other.sequence);
    return { withdrawals: all.slice(0, limit), more: all.length > limit };
  }

  /** Withdrawals whose time has come get their numbers in the order of their times. */
  private carryOut(now: number): void {
    const due = [...this.byId.values()]
      .filter(({ withdrawal, withdrawsAt = Infinity }) => !withdrawal && withdrawsAt <= now)
      .sort((one, other) => (one.withdrawsAt ?? 0) - (other.withdrawsAt ?? 0));
    for (const consent of due) this.withdraw([consent], consent.withdrawsAt ?? now);
  }

  private keep(consent: Consent): void {
    this.store.write(`${FOLDER}/${consent.id}.json`, consent);
    this.index(consent);
  }

  private index(consent: Consent): void {
    this.byId.set(consent.id, consent);
    this.byRequest.set(requestKey(consent.serviceId, consent.requestId), consent);
    this.sequence = Math.max(this.sequence, consent.withdrawal?.sequence ?? 0);
  }
}
