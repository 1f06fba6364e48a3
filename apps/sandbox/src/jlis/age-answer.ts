export type AgeAnswer = 'yes' | 'no' | 'unknown';

/** First and last day of the eras by EYYYYMMDD's first digit; each begins on the day the law that named it says. */
const ERAS: Record<string, readonly [first: string, last: string]> = {
  '1': ['1868-01-25', '1912-07-29'],
  '2': ['1912-07-30', '1926-12-24'],
  '3': ['1926-12-25', '1989-01-07'],
  '4': ['1989-01-08', '2019-04-30'],
  '5': ['2019-05-01', '9999-12-31'],
};
const ANY_DAY = ['0000-01-01', '9999-12-31'] as const;

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysIn = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

const dayText = (year: number, month: number, day: number): string =>
  `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;

/** The earliest and the latest day that EYYYYMMDD can mean; unknown parts are zeros. */
function possibleBirthDays(birthDate: string): readonly [string, string] {
  const era = ERAS[birthDate[0] ?? ''] ?? ANY_DAY;
  const year = Number(birthDate.slice(1, 5));
  const month = Number(birthDate.slice(5, 7));
  const day = Number(birthDate.slice(7, 9));
  if (year === 0) return era;
  if (month >= 1 && day >= 1 && day <= daysIn(year, month))
    return [dayText(year, month, day), dayText(year, month, day)];
  const written: readonly [string, string] =
    month >= 1
      ? [dayText(year, month, 1), dayText(year, month, daysIn(year, month))]
      : [dayText(year, 1, 1), dayText(year, 12, 31)];
  const first = written[0] > era[0] ? written[0] : era[0];
  const last = written[1] < era[1] ? written[1] : era[1];
  // Era and year that do not fit together: the year is the more exact of the two.
  return first <= last ? [first, last] : written;
}

/**
 * The first day that begins with `age` reached. An age is complete when the day before the birthday ends
 * (年齢計算ニ関スル法律, 民法143条2項); where the year has no 29 February its eve is the last of the month, so that the
 * day is 1 March.
 */
function reachedFrom(birthDay: string, age: number): string {
  const [year = 0, month = 0, day = 0] = birthDay.split('-').map(Number);
  const target = year + age;
  return day > daysIn(target, month) ? dayText(target, month + 1, 1) : dayText(target, month, day);
}

/** Whether `age` is reached when the day `on` (YYYY-MM-DD, Japan) begins; unknown when the birth date does not say. */
export function answerAge(birthDate: string, age: number, on: string): AgeAnswer {
  const [earliest, latest] = possibleBirthDays(birthDate);
  // Five-digit years sort wrongly as text; they are after every day that can be asked about.
  const reached = (birthDay: string): boolean => {
    const from = reachedFrom(birthDay, age);
    return from.length === on.length && from <= on;
  };
  if (reached(latest)) return 'yes';
  return reached(earliest) ? 'unknown' : 'no';
}
