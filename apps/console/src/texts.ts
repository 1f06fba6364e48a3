import { account } from './messages/account';
import { actions } from './messages/actions';
import { approvals } from './messages/approvals';
import { audit } from './messages/audit';
import { chain } from './messages/chain';
import { charts } from './messages/charts';
import { checklist } from './messages/checklist';
import { common } from './messages/common';
import { events } from './messages/events';
import { evidence } from './messages/evidence';
import { failures } from './messages/failures';
import { findings } from './messages/findings';
import { holder } from './messages/holder';
import { holds } from './messages/holds';
import { inspector } from './messages/inspector';
import { invoices } from './messages/invoices';
import { keys } from './messages/keys';
import { months } from './messages/months';
import { operators } from './messages/operators';
import { overview } from './messages/overview';
import { prices } from './messages/prices';
import { reasons } from './messages/reasons';
import { revocation } from './messages/revocation';
import { scopes } from './messages/scopes';
import { session } from './messages/session';
import { statements } from './messages/statements';
import { sweeps } from './messages/sweeps';
import { system } from './messages/system';
import { tenants } from './messages/tenants';
import { application } from './messages/application';
import { contract } from './messages/contract';
import { verifications } from './messages/verifications';
import { webhooks } from './messages/webhooks';

export const LANGUAGES = ['ja', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Every text of the console by area and name, each in both languages. */
export const TEXTS = {
  account,
  actions,
  application,
  approvals,
  audit,
  chain,
  charts,
  checklist,
  common,
  contract,
  events,
  evidence,
  failures,
  findings,
  holder,
  holds,
  inspector,
  invoices,
  keys,
  months,
  operators,
  overview,
  prices,
  reasons,
  revocation,
  scopes,
  session,
  statements,
  sweeps,
  system,
  tenants,
  verifications,
  webhooks,
};
type Areas = typeof TEXTS;
export type TextKey = { [Area in keyof Areas]: `${Area}.${keyof Areas[Area] & string}` }[keyof Areas];

/** The text of a key, with `{name}` replaced by values. */
export function textOf(language: Language, key: TextKey, values: Record<string, string | number> = {}): string {
  const dot = key.indexOf('.');
  const area: Record<string, Record<Language, string>> = TEXTS[key.slice(0, dot) as keyof Areas];
  const text = area[key.slice(dot + 1)]![language];
  return text.replaceAll(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** Whether there is such a text. */
export function isTextKey(key: string): key is TextKey {
  const dot = key.indexOf('.');
  const [area, name] = [key.slice(0, dot), key.slice(dot + 1)];
  return Object.hasOwn(TEXTS, area) && Object.hasOwn(TEXTS[area as keyof Areas], name);
}
