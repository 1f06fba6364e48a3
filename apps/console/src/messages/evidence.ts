import type { Message } from './message';

/** What is kept of a verification, for an auditor with a reason. */
export const evidence = {
  title: { ja: '証跡', en: 'Evidence' },
  lead: {
    ja: '保存されている証明書・署名・失効情報から判定を再現したり、証跡一式を取り出したりできます。理由とともに記録されます。',
    en: 'The verdict can be repeated from the certificate, signature and revocation data that are kept, and all of it taken away. Each is recorded with its reason.',
  },
  bundle: { ja: '証跡一式をダウンロード', en: 'Download the evidence' },
  bundle_effect: {
    ja: '証明書・署名の原本と個人情報を含むファイルを取り出します。保管と廃棄に責任を持ってください。内容は npm run check-evidence で検証できます。',
    en: 'The file holds the certificate, the signature and personal data in the clear: whoever has it answers for it. npm run check-evidence checks it.',
  },
  bundle_done: { ja: '証跡一式をダウンロードしました。', en: 'The evidence has been downloaded.' },
  reverify: { ja: '再検証', en: 'Re-verify' },
  reverify_act: { ja: '再検証する', en: 'Re-verify' },
  reverify_effect: {
    ja: '保存されている証跡だけを使って判定をやり直します。元の判定は変わらず、課金もされません。',
    en: 'The checks are repeated from what is kept. The verification stays as it is, and nothing is metered.',
  },
  reverify_done: { ja: '再検証しました。', en: 'Re-verified.' },
  as_of: { ja: '基準時点', en: 'As of' },
  as_of_then: { ja: '判定した時点', en: 'Then' },
  as_of_then_hint: {
    ja: '判定したときにわかっていた情報で判定します。',
    en: 'By what was known when it was decided.',
  },
  as_of_now: { ja: '現在', en: 'Now' },
  as_of_now_hint: {
    ja: '現在の時刻と、現在の失効情報で判定します。',
    en: 'At this moment, by the revocation data of now.',
  },
  result: { ja: '再検証の結果', en: 'What it came to' },
  at: { ja: '判定の基準日時', en: 'For the moment' },
  agrees: { ja: '元の判定との比較', en: 'Against the verification' },
  agrees_yes: { ja: '一致', en: 'The same' },
  agrees_no: { ja: '相違あり', en: 'Different' },
  policy: { ja: '判定ポリシーの版', en: 'Policy' },
  basis_rederived: {
    ja: '保存されている失効情報から判定し直しました。',
    en: 'Derived again from the revocation data that are kept.',
  },
  basis_as_recorded: {
    ja: '失効情報の原本が保存されていないため、記録された結果を使いました。',
    en: 'What it rests on is not kept: taken from the record.',
  },
} satisfies Record<string, Message>;
