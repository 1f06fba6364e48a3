import type { EntityManager } from 'typeorm';
import { japanYear, Problem, startOfJapanDay, type Tenancy } from '#lib/platform';
import type { AgeAnswer } from './age.js';
import { sharePersons } from './person.js';

/** Whom questions are counted for: a person over all certificates, or one certificate where the person is not known. */
export interface AgeSubject {
  /** Of the certificate that was presented. */
  certificateHash: Buffer;
  personId?: string;
  /** Of all certificates of the person, the presented one included. */
  certificateHashes: readonly Buffer[];
}

/** One question, as it is stored with its answer. `on` is a day of Japan, YYYY-MM-DD. */
export interface AnsweredAge {
  age: number;
  on: string;
  legal_day_inclusive: boolean;
  answer: AgeAnswer;
}

/**
 * Whom a certificate stands for. From here to the end of the transaction nobody else counts questions about the same
 * person, and nobody joins persons: a count over all certificates stays true.
 */
export async function lockAgeSubject(
  manager: EntityManager,
  tenancy: Tenancy,
  certificateHash: Buffer,
): Promise<AgeSubject> {
  await sharePersons(manager, tenancy);
  const rows: { person_id: string; certificate_hash: Buffer }[] = await manager.query(
    `select o.person_id, o.certificate_hash from person_certificate c
     join person_certificate o on o.tenant_id = c.tenant_id and o.mode = c.mode and o.person_id = c.person_id
     where c.certificate_hash = $1`,
    [certificateHash],
  );
  const personId = rows[0]?.person_id;
  const whom = personId ?? certificateHash.toString('hex');
  await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `age|${tenancy.tenantId}|${tenancy.mode}|${whom}`,
  ]);
  return personId === undefined
    ? { certificateHash, certificateHashes: [certificateHash] }
    : { certificateHash, personId, certificateHashes: rows.map((row) => row.certificate_hash) };
}

/**
 * Puts questions down against the cap of distinct ones about a person in a year of Japan; one asked before in that year
 * is not a new one. Under {@link lockAgeSubject}.
 * @param at milliseconds, by the clock of the mode
 * @returns the ages that are new, to be taken back with {@link takeBackQuestions} when nobody answers them
 * @throws Problem `age_probe_refused` when not all of them fit; then none is put down.
 */
export async function putQuestions(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  subject: AgeSubject,
  { ages, on, at, cap }: { ages: readonly number[]; on: string; at: number; cap: number },
): Promise<number[]> {
  const year = japanYear(at);
  const asked: { age: number; on_day: string }[] = await manager.query(
    `select distinct age, on_day::text from age_question where certificate_hash = any($1) and year = $2`,
    [subject.certificateHashes, year],
  );
  const fresh = ages.filter((age) => !asked.some((question) => question.age === age && question.on_day === on));
  if (asked.length + fresh.length > cap && fresh.length > 0) throw new Problem('age_probe_refused');
  await manager.query(
    `insert into age_question (tenant_id, mode, certificate_hash, year, age, on_day, asked_at)
     select $1, $2, $3, $4, age, $6, $7 from unnest($5::smallint[]) as age on conflict do nothing`,
    [tenantId, mode, subject.certificateHash, year, fresh, on, new Date(at)],
  );
  return fresh;
}

/**
 * Takes back questions that nobody answered: they told nothing and do not count. One that another call has had answered
 * meanwhile stays. Under {@link lockAgeSubject}.
 */
export async function takeBackQuestions(
  manager: EntityManager,
  subject: AgeSubject,
  { ages, on, at }: { ages: readonly number[]; on: string; at: number },
): Promise<void> {
  await manager.query(
    `delete from age_question q where q.certificate_hash = $1 and q.year = $2 and q.age = any($3) and q.on_day = $4
       and not exists (select 1 from age_check c where c.certificate_hash = any($5) and c.year = $2
         and c.questions @> jsonb_build_array(jsonb_build_object('age', q.age, 'on', q.on_day::text)))`,
    [subject.certificateHash, japanYear(at), ages, on, subject.certificateHashes],
  );
}

/**
 * What was answered on the same day in Japan to one of these questions under the same rule: the holder's date of birth
 * has not changed since, and J-LIS need not be asked again.
 */
export async function findAnswersOfToday(
  manager: EntityManager,
  subject: AgeSubject,
  { ages, on, at, legalDayInclusive }: { ages: readonly number[]; on: string; at: number; legalDayInclusive: boolean },
): Promise<Map<number, AgeAnswer>> {
  const rows: { questions: AnsweredAge[] }[] = await manager.query(
    `select questions from age_check
     where certificate_hash = any($1) and year = $2 and created_at between $3 and $4 order by created_at, id`,
    [subject.certificateHashes, japanYear(at), new Date(startOfJapanDay(at)), new Date(at)],
  );
  const answers = new Map<number, AgeAnswer>();
  for (const { questions } of rows)
    for (const question of questions)
      if (question.on === on && question.legal_day_inclusive === legalDayInclusive && ages.includes(question.age))
        answers.set(question.age, question.answer);
  return answers;
}
