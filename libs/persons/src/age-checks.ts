import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { JlisServices, JlisUnavailable } from '#lib/jlis';
import { readAttributes } from '#lib/pki';
import {
  claimKey,
  Clock,
  findMade,
  InFlight,
  japanDay,
  japanYear,
  newId,
  Problem,
  toPublicId,
  withTenant,
  type Call,
} from '#lib/platform';
import { readContract, requireFeature, type Contract, type Principal } from '#lib/tenancy';
import { ageReached, dayToAsk, type AgeAnswer } from './age.js';
import {
  findAnswersOfToday,
  lockAgeSubject,
  putQuestions,
  takeBackQuestions,
  type AgeSubject,
  type AnsweredAge,
} from './age-questions.js';
import { jlisCaller } from './jlis-caller.js';
import type { Proof } from './proof.js';

export interface AgeRequest {
  /** Whole years, distinct. */
  ages: readonly number[];
  /** YYYY-MM-DD; absent: today in Japan. */
  on?: string;
}

/** A decided check. It says what was asked and answered, never when somebody was born. */
export interface AgeCheck {
  id: string;
  verificationId: string;
  personId?: string;
  source: 'sign_certificate' | 'jlis';
  /** Milliseconds, by the clock of the mode. */
  createdAt: number;
  questions: readonly AnsweredAge[];
}

/** What is asked in one call, held against the contract. */
interface Asked {
  ages: readonly number[];
  on: string;
  at: number;
  cap: number;
  legalDayInclusive: boolean;
}

/** Whether the holder of a certificate is of an age: yes or no, and no date of birth. */
@Injectable()
export class AgeChecks {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(JlisServices) private readonly jlis: JlisServices,
  ) {}

  /**
   * Answers for the holder whom `prove` shows to be here. The questions are put down against the cap before anybody is
   * asked; J-LIS is asked in no transaction; what it answers is told only when it is stored.
   * @param prove gives the fresh check it rests on; called when contract and request allow the questions
   * @throws Problem `feature_not_contracted`, `age_not_allowed`, `age_date_not_allowed`, `age_probe_refused`,
   *   `jlis_unavailable`; whatever `prove` throws.
   */
  async create(
    principal: Principal,
    request: AgeRequest,
    prove: () => Promise<Proof>,
    call: Call,
  ): Promise<{ check: AgeCheck; replayed: boolean }> {
    return this.inFlight.guard(principal, call.idempotency, async () => {
      const at = this.clock.now(principal.mode);
      const { replay, contract } = await withTenant(this.dataSource, principal, async (manager) => ({
        replay: await findReplay(manager, call),
        contract: await readContract(manager, principal),
      }));
      if (replay) return { check: replay, replayed: true };
      const asked = checkRequest(request, contract, at);
      const proof = await prove();
      return this.decide(principal, asked, proof, call);
    });
  }

  private async decide(
    principal: Principal,
    asked: Asked,
    proof: Proof,
    call: Call,
  ): Promise<{ check: AgeCheck; replayed: boolean }> {
    const { certificateHash } = proof;
    const before = await withTenant(this.dataSource, principal, async (manager) => {
      const subject = await lockAgeSubject(manager, principal, certificateHash);
      const fresh = await putQuestions(manager, principal, subject, asked);
      return { fresh, known: await findAnswersOfToday(manager, subject, asked) };
    });
    const answers =
      proof.kind === 'sign'
        ? answerFromAttributes(proof, asked)
        : await this.askJlis(principal, asked, proof, call, before);
    return withTenant(this.dataSource, principal, async (manager) => {
      // Whoever shared a question with one that was taken back meanwhile has to find room for it again.
      const subject = await lockAgeSubject(manager, principal, certificateHash);
      await putQuestions(manager, principal, subject, asked);
      const check: AgeCheck = {
        id: newId(Date.now()),
        verificationId: proof.verificationId,
        source: proof.kind === 'sign' ? 'sign_certificate' : 'jlis',
        createdAt: asked.at,
        questions: asked.ages.map((age) => ({
          age,
          on: asked.on,
          legal_day_inclusive: asked.legalDayInclusive,
          answer: answers.get(age)!,
        })),
        ...(subject.personId === undefined ? {} : { personId: subject.personId }),
      };
      const made = { resource: 'age_check', id: check.id } as const;
      if (call.idempotency && !(await claimKey(manager, principal, call.idempotency, made))) {
        const winner = await findReplay(manager, call);
        if (!winner) throw new Problem('idempotency_in_flight');
        return { check: winner, replayed: true };
      }
      await insert(manager, principal, check, subject);
      await appendAudit(manager, {
        actor: `api_key:${principal.apiKeyId}`,
        action: 'age_check.create',
        target: `age_check:${check.id}`,
        requestId: call.requestId,
        detail: { verification: proof.verificationId, source: check.source, questions: check.questions.length },
        tenancy: principal,
      });
      return { check, replayed: false };
    });
  }

  /** @throws Problem `jlis_unavailable`; then the questions that were new are not counted. */
  private async askJlis(
    principal: Principal,
    asked: Asked,
    proof: Proof,
    call: Call,
    { fresh, known }: { fresh: readonly number[]; known: ReadonlyMap<number, AgeAnswer> },
  ): Promise<Map<number, AgeAnswer>> {
    const answers = new Map(known);
    const refuse = async (detail: string): Promise<Problem> => {
      await withTenant(this.dataSource, principal, async (manager) => {
        const subject = await lockAgeSubject(manager, principal, proof.certificateHash);
        await takeBackQuestions(manager, subject, { ...asked, ages: fresh });
      });
      // The check it rests on has been made and may be named in the next try; a challenge cannot be answered again.
      return new Problem('jlis_unavailable', { detail, verification_id: toPublicId('ver', proof.verificationId) });
    };
    for (const age of asked.ages) {
      if (answers.has(age)) continue;
      try {
        const answer = await this.jlis.checkAge({
          ...jlisCaller(principal, { requestId: call.requestId, subjectHash: proof.certificateHash }),
          serial: proof.certificate.serialNumber,
          age,
          on: dayToAsk(asked.on, asked.legalDayInclusive),
        });
        if (answer === 'not_found') throw await refuse('certificate_not_found');
        answers.set(age, answer);
      } catch (error) {
        throw error instanceof JlisUnavailable ? await refuse(error.detail) : error;
      }
    }
    return answers;
  }
}

/** @throws Problem for what the contract does not let be asked. */
function checkRequest(request: AgeRequest, contract: Contract, at: number): Asked {
  requireFeature(contract, 'age_check');
  const today = japanDay(at);
  const on = request.on ?? today;
  if (!request.ages.every((age) => contract.allowedAges.includes(age)))
    throw new Problem('age_not_allowed', { allowed: contract.allowedAges });
  if (on !== today && !contract.ageDates.includes(on))
    throw new Problem('age_date_not_allowed', { allowed: [today, ...contract.ageDates] });
  const { ageQuestionsAYear: cap, ageLegalDayInclusive: legalDayInclusive } = contract;
  return { ages: request.ages, on, at, cap, legalDayInclusive };
}

function answerFromAttributes(proof: Proof, asked: Asked): Map<number, AgeAnswer> {
  const read = readAttributes(proof.certificate);
  return new Map(
    asked.ages.map((age) => [
      age,
      read.present ? ageReached({ birthDate: read.attributes.date_of_birth, age, ...asked }) : 'unknown',
    ]),
  );
}

async function insert(
  manager: EntityManager,
  { tenantId, mode }: Principal,
  check: AgeCheck,
  { certificateHash }: AgeSubject,
): Promise<void> {
  await manager.query(
    `insert into age_check (tenant_id, mode, id, verification_id, person_id, certificate_hash, source, created_at, year,
       questions)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      tenantId,
      mode,
      check.id,
      check.verificationId,
      check.personId ?? null,
      certificateHash,
      check.source,
      new Date(check.createdAt),
      japanYear(check.createdAt),
      JSON.stringify(check.questions),
    ],
  );
}

/** @throws Problem `not_found` when the check that it rests on may not be shown any more. */
async function findReplay(manager: EntityManager, call: Call): Promise<AgeCheck | undefined> {
  const id = call.idempotency && (await findMade(manager, call.idempotency, 'age_check'));
  if (id === undefined) return undefined;
  const rows: {
    verification_id: string;
    person_id: string | null;
    source: AgeCheck['source'];
    created_at: Date;
    questions: AnsweredAge[];
  }[] = await manager.query(
    `select a.verification_id, a.person_id, a.source, a.created_at, a.questions from age_check a
     join verification v on v.tenant_id = a.tenant_id and v.mode = a.mode and v.id = a.verification_id
     where a.id = $1 and not exists (select 1 from certificate_tombstone t
       where t.tenant_id = v.tenant_id and t.mode = v.mode and t.certificate_hash = v.certificate_hash
         and t.severed_at > v.recorded_at)`,
    [id],
  );
  const row = rows[0];
  // Its person was deleted since.
  if (!row) throw new Problem('not_found');
  return {
    id,
    verificationId: row.verification_id,
    source: row.source,
    createdAt: row.created_at.getTime(),
    questions: row.questions,
    ...(row.person_id === null ? {} : { personId: row.person_id }),
  };
}
