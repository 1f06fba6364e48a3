import type { Message } from './message';

/** Whose certificate it was, for those who may see it. */
export const holder = {
  title: { ja: '本人情報', en: 'The holder' },
  hidden: {
    ja: '本人情報は表示されていません。表示には理由が必要で、理由とともに記録されます。',
    en: 'Hidden. Seeing it needs a reason, which is recorded.',
  },
  not_yours: {
    ja: 'この画面には本人を特定する情報は表示されません。表示できるのは監査ロールの担当者だけです。',
    en: 'Nothing on this page tells whose certificate it is. Only auditors may see it.',
  },
  reveal: { ja: '本人情報を表示', en: 'Show the holder' },
  reveal_act: { ja: '表示する', en: 'Show' },
  reveal_effect: {
    ja: '個人情報が{seconds}秒間表示されます。誰が、いつ、なぜ見たかが監査ログに残ります。',
    en: 'Personal data are shown for {seconds} seconds. Who saw them, when and why stays in the audit trail.',
  },
  reveal_done: { ja: '本人情報を表示しました。', en: 'The holder is shown.' },
  hide: { ja: '今すぐ隠す', en: 'Hide now' },
  left: { ja: 'あと{seconds}秒で自動的に隠れます。', en: 'Hidden in {seconds} seconds.' },
  name: { ja: '氏名', en: 'Name' },
  date_of_birth: { ja: '生年月日', en: 'Date of birth' },
  sex: { ja: '性別', en: 'Sex' },
  sex_male: { ja: '男', en: 'Male' },
  sex_female: { ja: '女', en: 'Female' },
  sex_unknown: { ja: '不明', en: 'Unknown' },
  sex_unrecognized: { ja: '判読できません', en: 'Not recognized' },
  address: { ja: '住所', en: 'Address' },
  substituted: {
    ja: '印の付いた文字は、証明書で使えない文字の代わりに使われている代替文字です。',
    en: 'Marked characters stand in for ones that the certificate cannot write.',
  },
  serial_number: { ja: '発行番号', en: 'Serial number' },
  subject: { ja: '主体者', en: 'Subject' },
  withheld_not_proved: {
    ja: '経路・プロファイル・有効期間・署名のいずれかに合格していないため、本人のものと確認できず、表示されません。',
    en: 'Not shown: path, profile, validity or signature did not pass, so nothing shows that it was the holder.',
  },
  withheld_attributes_missing: {
    ja: '証明書に基本4情報が含まれていません。',
    en: 'The certificate has no attributes.',
  },
} satisfies Record<string, Message>;
