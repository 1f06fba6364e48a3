import iconv from 'iconv-lite';

/** Windows-31J, as spreadsheets in Japan take it. Ask {@link fitsCp932} before: what it lacks becomes a question mark. */
export const encodeCp932 = (text: string): Buffer => iconv.encode(text, 'cp932');

/** Whether every character can be written, and is read back as itself. */
export const fitsCp932 = (text: string): boolean => iconv.decode(encodeCp932(text), 'cp932') === text;
