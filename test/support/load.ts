import { setTimeout as sleep } from 'node:timers/promises';
import { answersOk, isNoAnswer, type Answer, type Body, type Story } from './story.js';

/** A request with a reference and an Idempotency-Key of its own, and what came back, if anything. */
export interface Sent {
  reference: string;
  answer?: Answer;
}

/** What the database holds under one reference. */
export interface Stored {
  id: string;
  reference: string;
  usage_events: number;
  audit_events: number;
}

const CLIENTS = 32;

/** Clients that each send one signed request after the other, as fast as they are answered. */
export class Load {
  readonly sent: Sent[] = [];
  private stopping = false;
  private clients: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly story: Story,
    private readonly signed: Body,
    /** Begins every reference. */
    private readonly name: string,
  ) {}

  start(): void {
    this.clients = Promise.all(Array.from({ length: CLIENTS }, () => this.client()));
  }

  /** Ends when every client has had its answer or knows that none will come. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.clients;
  }

  /** Sends a request again with its own key, as a client does that got no answer. */
  send({ reference }: Sent): Promise<Answer> {
    return this.story.verify({ ...this.signed, reference }, { idempotencyKey: reference });
  }

  get answered(): Sent[] {
    return this.sent.filter(({ answer }) => answer?.status === 201);
  }

  get unanswered(): Sent[] {
    return this.sent.filter(({ answer }) => answer?.status !== 201);
  }

  /** Every verification stored under this load's references, with its own usage and audit events counted. */
  stored(): Promise<Stored[]> {
    return this.story.rows<Stored>(
      `select 'ver_' || replace(v.id::text, '-', '') as id, v.reference,
         coalesce(u.events, 0)::int as usage_events, coalesce(a.events, 0)::int as audit_events
       from verification v
       left join (select verification_id, count(*) as events from usage_event group by 1) u on u.verification_id = v.id
       left join (select target, count(*) as events from audit_event where action = 'verification.create' group by 1) a
         on a.target = 'verification:' || v.id
       where starts_with(v.reference, $1) order by v.id`,
      [`${this.name}-`],
    );
  }

  private async client(): Promise<void> {
    while (!this.stopping) {
      const sent: Sent = { reference: `${this.name}-${this.sent.length}` };
      this.sent.push(sent);
      try {
        sent.answer = await this.send(sent);
        if (sent.answer.status !== 201) await sleep(100);
      } catch (error) {
        if (!isNoAnswer(error)) throw error;
        while (!this.stopping && !(await answersOk(`${this.story.stack.urls.api}/health/ready`))) await sleep(100);
      }
    }
  }
}

/** The first answered requests that are not stored exactly once with one usage and one audit event each; none is right. */
export function notStoredOnce(answered: readonly Sent[], stored: readonly Stored[]): unknown[] {
  const byReference = new Map<string, Stored[]>();
  for (const row of stored) byReference.set(row.reference, [...(byReference.get(row.reference) ?? []), row]);
  const wrong = answered.flatMap(({ reference, answer }) => {
    const found = byReference.get(reference) ?? [];
    const right =
      found.length === 1 &&
      found[0]!.id === answer?.body.id &&
      found[0]!.usage_events === 1 &&
      found[0]!.audit_events === 1;
    return right ? [] : [{ reference, answered: answer?.body.id, found }];
  });
  // Enough to see what went wrong; there may be thousands.
  return wrong.slice(0, 10);
}
