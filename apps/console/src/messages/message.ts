/** One text in the languages of the console. `{name}` is a place for a value. */
export interface Message {
  ja: string;
  en: string;
}
