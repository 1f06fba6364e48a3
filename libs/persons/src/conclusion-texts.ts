import type { ConclusionCode } from './conclusion.js';

/** What to do next, for the service provider's program. */
export const NEXT_STEPS = [
  'none',
  'ask_for_new_sign_certificate',
  'ask_for_auth_certificate',
  'link_new_certificate',
  'hold_and_review',
  'block_login_and_re_enrol',
  'block_and_review_signatures',
  'block_login_and_check_again',
  're_enrol',
  'check_again',
] as const;

interface Text {
  ja: string;
  en: string;
}

interface ConclusionText {
  /** For the service provider's staff. */
  message: Text;
  /** Safe to show to the end user: never names a cause. */
  user: Text;
  nextStep: (typeof NEXT_STEPS)[number];
}

const FINE: Text = { ja: 'ご本人の確認ができました。', en: 'Your identity has been confirmed.' };
const SIGN_AGAIN: Text = {
  ja: 'お手続きを続けるには、新しい署名用電子証明書での確認が必要です。',
  en: 'To continue, please confirm with your new signature certificate.',
};
const CONTACT: Text = {
  ja: '現在この方法では確認できません。窓口にお問い合わせください。',
  en: 'We cannot confirm this way at present. Please contact us.',
};
const RE_ENROL: Text = {
  ja: 'お手続きを続けるには、マイナンバーカードで改めて登録してください。',
  en: 'To continue, please register again with your My Number Card.',
};
const LATER: Text = {
  ja: 'ただいま確認できません。しばらくしてからもう一度お試しください。',
  en: 'We cannot confirm at the moment. Please try again later.',
};

export const CONCLUSION_TEXTS: Record<ConclusionCode, ConclusionText> = {
  unchanged: {
    message: {
      ja: '両方の電子証明書が有効です。基本4情報は証明書の発行時から変わっていません。',
      en: 'Both certificates are good: the four attributes are as they were when the certificate was issued.',
    },
    user: FINE,
    nextStep: 'none',
  },
  attributes_changed: {
    message: {
      ja: '署名用電子証明書の記載事項 (氏名・生年月日・性別・住所のいずれか) に変更がありました。',
      en: 'One of the four attributes in the sign certificate has changed.',
    },
    user: SIGN_AGAIN,
    nextStep: 'ask_for_new_sign_certificate',
  },
  change_unexplained: {
    message: {
      ja: '署名用電子証明書が記載事項の変更により失効していますが、利用者証明用電子証明書の有効性が分からないため、理由を判断できません。',
      en: 'The sign certificate was revoked because its contents changed; without a known auth certificate it cannot be told why.',
    },
    user: CONTACT,
    nextStep: 'ask_for_auth_certificate',
  },
  renewed: {
    message: {
      ja: '電子証明書が更新されています。新しい証明書を紐付けてください。',
      en: 'The certificate was renewed. Link the new one and keep the account.',
    },
    user: {
      ja: '新しい電子証明書でもう一度ログインしてください。',
      en: 'Please log in again with your newest certificate.',
    },
    nextStep: 'link_new_certificate',
  },
  death_or_emigration: {
    message: {
      ja: '死亡または国外転出等の可能性があります。重要な手続きを保留し、担当者が確認してください。利用者には理由を示さないでください。',
      en: 'Death or emigration is possible. Hold sensitive actions and have a person check; never name a cause to the end user.',
    },
    user: CONTACT,
    nextStep: 'hold_and_review',
  },
  card_stopped: {
    message: {
      ja: 'カードの紛失・返納・一時停止等により、電子証明書が失効しています。',
      en: 'The card was lost, returned or stopped.',
    },
    user: CONTACT,
    nextStep: 'block_login_and_re_enrol',
  },
  compromised: {
    message: {
      ja: '秘密鍵の危殆化により失効しています。最近の署名を確認してください。',
      en: 'A key was compromised. Block, and review recent signatures.',
    },
    user: CONTACT,
    nextStep: 'block_and_review_signatures',
  },
  auth_only: {
    message: {
      ja: '利用者証明用電子証明書のみ有効です (未成年者や署名用電子証明書を発行していない方など)。',
      en: 'Only an auth certificate is known, and it is good: a minor, a ward, or somebody who opted out.',
    },
    user: FINE,
    nextStep: 'none',
  },
  auth_unusable: {
    message: {
      ja: '署名用電子証明書は有効ですが、利用者証明用電子証明書が有効でないか、知られていません。',
      en: 'The sign certificate is good; the auth certificate is not, or is not known.',
    },
    user: CONTACT,
    nextStep: 'block_login_and_check_again',
  },
  sign_unusable: {
    message: {
      ja: '署名用電子証明書のみ失効しています。利用者証明用電子証明書は有効です。',
      en: 'Only the sign certificate is revoked; the auth certificate is good.',
    },
    user: SIGN_AGAIN,
    nextStep: 'ask_for_new_sign_certificate',
  },
  too_old: {
    message: {
      ja: '電子証明書の有効期間が過ぎているため、判断できません。',
      en: 'The certificate has expired: too old to tell.',
    },
    user: RE_ENROL,
    nextStep: 're_enrol',
  },
  anomaly: {
    message: {
      ja: '交付前に廃棄された証明書など、通常は提示されない失効理由です。不正の可能性を確認してください。',
      en: 'Revoked for a reason with which nobody should hold the certificate. Treat it as a sign of fraud.',
    },
    user: CONTACT,
    nextStep: 'hold_and_review',
  },
  undetermined: {
    message: {
      ja: '失効情報が得られないため、判断できません。',
      en: 'Revocation data is missing or out of date: nothing can be concluded.',
    },
    user: LATER,
    nextStep: 'check_again',
  },
  nothing_known: {
    message: {
      ja: '判断に使える電子証明書がありません。',
      en: 'No certificate is known that anything could be concluded from.',
    },
    user: RE_ENROL,
    nextStep: 're_enrol',
  },
  alive: {
    message: {
      ja: '利用者証明用電子証明書が有効です。生存が確認できます。基本4情報の変更の有無は確認していません。',
      en: 'The auth certificate is good: the person is alive. Whether attributes have changed was not asked.',
    },
    user: FINE,
    nextStep: 'none',
  },
  attributes_unchanged: {
    message: {
      ja: '署名用電子証明書が有効です。基本4情報は証明書の発行時から変わっていません。生存は確認していません。',
      en: 'The sign certificate is good: the four attributes are as they were. Whether the person is alive was not asked.',
    },
    user: FINE,
    nextStep: 'none',
  },
};
