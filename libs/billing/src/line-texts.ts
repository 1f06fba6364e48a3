import { dayBefore, type Period } from './japan-month.js';
import type { StatementLine } from './statement.js';
import type { UsageEvent } from './usage-event.js';

type Text = StatementLine['description'];

const METER_TEXTS: Record<UsageEvent['meter'], Text> = {
  sign_check: { ja: '署名用電子証明書の有効性確認', en: 'Validity check, sign certificate' },
  auth_check: { ja: '利用者証明用電子証明書の有効性確認', en: 'Validity check, auth certificate' },
  counterpart_delivered: { ja: '対応証明書の発行番号の提供', en: 'Counterpart number delivered' },
  attributes_delivered: { ja: '最新の利用者情報の提供', en: 'Latest attributes delivered' },
};

const PURPOSE_TEXTS: Record<UsageEvent['purpose'], Text> = {
  signature_verification: { ja: '署名検証', en: 'signature verification' },
  authentication: { ja: '利用者認証', en: 'authentication' },
  status_check: { ja: '現況確認', en: 'status check' },
  identification: { ja: '利用者特定', en: 'identification' },
  attribute_update: { ja: '利用者情報の更新', en: 'attribute update' },
  reverification: { ja: '再検証', en: 're-verification' },
};

const join = (head: Text, tail: Text): Text => ({ ja: head.ja + tail.ja, en: head.en + tail.en });

const late: Text = { ja: '（前月以前の確定後計上分）', en: ' (decided in a month already closed)' };
const daysOf = ({ from, until }: Period): Text => {
  const last = dayBefore(until);
  return { ja: `（${from}〜${last}）`, en: ` (${from} to ${last})` };
};

export const feeText = (meter: UsageEvent['meter'], again: boolean, isLate: boolean): Text => {
  const head = join({ ja: 'J-LIS手数料 ', en: 'J-LIS fee: ' }, METER_TEXTS[meter]);
  const counted = again ? join(head, { ja: '（年内計上済み）', en: ' (counted before this year)' }) : head;
  return isLate ? join(counted, late) : counted;
};

export const usageText = (
  meter: UsageEvent['meter'],
  purpose: UsageEvent['purpose'] | undefined,
  free: boolean,
): Text => {
  const named =
    purpose === undefined
      ? METER_TEXTS[meter]
      : join(METER_TEXTS[meter], { ja: `・${PURPOSE_TEXTS[purpose].ja}`, en: `, ${PURPOSE_TEXTS[purpose].en}` });
  const price = join({ ja: 'PF利用料 ', en: 'PF price: ' }, named);
  return free ? join(price, { ja: '（無料枠）', en: ' (free allowance)' }) : price;
};

/** `part`: days of a month that is not whole. */
export const baseFeeText = (plan: Text, part: Period | undefined): Text => {
  const whole = join({ ja: '基本料 ', en: 'Base fee: ' }, plan);
  return part ? join(whole, daysOf(part)) : whole;
};

export const minimumText = (part: Period | undefined): Text => {
  const whole = { ja: '最低利用料金との差額', en: 'Up to the minimum charge' };
  return part ? join(whole, daysOf(part)) : whole;
};

export const discountText = (label: Text): Text => join({ ja: '割引 ', en: 'Discount: ' }, label);
export const setupText = (label: Text): Text => join({ ja: '初期費用 ', en: 'Setup: ' }, label);
export const reductionText = (reference: string, wholePlatform: boolean): Text => ({
  ja: `J-LIS手数料の減額${wholePlatform ? '（全体分の配賦）' : ''} ${reference}`,
  en: `Reduction of J-LIS fees${wholePlatform ? ' (share of the whole)' : ''} ${reference}`,
});
