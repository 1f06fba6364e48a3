import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { type Formats, formatsOf } from './format';
import { LANGUAGES, type Language, type TextKey, textOf } from './texts';

const STORED_AS = 'shomei-language';

interface Reading {
  language: Language;
  setLanguage: (language: Language) => void;
  t: (key: TextKey, values?: Record<string, string | number>) => string;
  format: Formats;
}

const LanguageContext = createContext<Reading | undefined>(undefined);

/** What was chosen here before; without a choice Japanese. */
const stored = (): Language => LANGUAGES.find((each) => each === localStorage.getItem(STORED_AS)) ?? 'ja';

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(stored);
  useEffect(() => {
    document.documentElement.lang = language;
    localStorage.setItem(STORED_AS, language);
  }, [language]);
  const reading = useMemo<Reading>(
    () => ({
      language,
      setLanguage,
      t: (key, values) => textOf(language, key, values),
      format: formatsOf(language),
    }),
    [language],
  );
  return <LanguageContext value={reading}>{children}</LanguageContext>;
}

/** The reader's language: texts by key, dates and numbers in its form. */
export function useReading(): Reading {
  const reading = useContext(LanguageContext);
  if (!reading) throw new Error('outside of LanguageProvider');
  return reading;
}
