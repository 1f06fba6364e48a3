import type { Message } from './message';

/** Why a revocation list was not fetched or not taken over, and what to do. */
export const failures = {
  times: { ja: '{count}回連続', en: '{count} in a row' },
  refused_issuer_mismatch: {
    ja: '別の認証局のリストです。取得元の設定と、トラストアンカーの不足を確認してください。',
    en: 'It is the list of another authority. Look at the source and for a missing trust anchor.',
  },
  refused_authority_key_mismatch: {
    ja: '別の認証局の鍵のリストです。取得元の設定と、トラストアンカーの不足を確認してください。',
    en: 'It is the list of another authority key. Look at the source and for a missing trust anchor.',
  },
  refused_issuer_not_acceptable: {
    ja: 'トラストアンカーの有効期間が過ぎています。終わった世代であれば正常です。',
    en: 'The trust anchor is not valid now. For a generation that has ended this is as it should be.',
  },
  refused_issuer_not_crl_signer: {
    ja: 'トラストアンカーが、失効リストに署名できる証明書ではありません。登録したトラストアンカーを確認してください。',
    en: 'The trust anchor may not sign lists. Look at the anchor that was imported.',
  },
  refused_algorithm_refused: {
    ja: '認められていない署名アルゴリズムです。開発元に報告してください。',
    en: 'Its signature algorithm is not accepted. Report it to the developers.',
  },
  refused_signature_invalid: {
    ja: 'リストの署名が正しくありません。原因が分かるまで攻撃とみなし、情報セキュリティ責任者に報告してください。',
    en: 'It is not signed by the anchor. Treat this as an attack until it is explained.',
  },
  refused_critical_extension_unknown: {
    ja: '処理できない重要な拡張があります。開発元に報告してください。',
    en: 'It has a critical extension that is not processed. Report it to the developers.',
  },
  refused_critical_entry_extension_unknown: {
    ja: '失効の1件に、処理できない重要な拡張があります。開発元に報告してください。',
    en: 'An entry has a critical extension that is not processed. Report it to the developers.',
  },
  refused_delta_unsupported: {
    ja: '差分のリスト（デルタCRL）は処理できません。開発元に報告してください。',
    en: 'Delta lists are not processed. Report it to the developers.',
  },
  refused_indirect_unsupported: {
    ja: '間接CRLは処理できません。開発元に報告してください。',
    en: 'Indirect lists are not processed. Report it to the developers.',
  },
  refused_some_reasons_unsupported: {
    ja: '一部の失効理由だけのリストは処理できません。開発元に報告してください。',
    en: 'Lists of some reasons only are not processed. Report it to the developers.',
  },
  refused_scope_mismatch: {
    ja: '対象の範囲が異なるリストです。取得元の配布形式（一括・分割）を確認してください。',
    en: 'It is the list of another partition, or not a full one. Look at the layout of the source.',
  },
  refused_next_update_missing: {
    ja: '次回更新の日時がありません。配布元に確認してください。',
    en: 'It does not say when the next one is due. Ask the publisher.',
  },
  refused_next_update_passed: {
    ja: '届いたリストの有効期限が過ぎています。テスト環境では時計を戻してください。本番では配布が止まっていないか確認してください。',
    en: 'The list that came has expired. In test mode put the clock back; in live mode the delivery may be stuck.',
  },
  refused_next_update_before_this_update: {
    ja: '次回更新が発行日時より前です。配布元に確認してください。',
    en: 'Its next update is before its own time. Ask the publisher.',
  },
  refused_this_update_in_future: {
    ja: '発行日時が5分以上先です。双方の時計を確認してください。テスト環境では、時計を合わせてください。',
    en: 'It is from more than five minutes ahead. Look at the clocks of both sides.',
  },
  refused_this_update_went_back: {
    ja: '保持しているリストより古いリストです。J-LISに確認してください。新しいほうを使い続けます。テスト環境では、サンドボックスの時計を戻すと起こります。',
    en: 'It is older than the list that is held. Ask J-LIS; the newer one stays in use.',
  },
  refused_crl_number_missing: {
    ja: 'リストに番号がありません。配布元に確認してください。',
    en: 'It has no number. Ask the publisher.',
  },
  refused_crl_number_went_back: {
    ja: '保持しているリストより番号が小さいリストです。J-LISに確認してください。新しいほうを使い続けます。',
    en: 'Its number is below that of the list that is held. Ask J-LIS; the newer one stays in use.',
  },
  refused_crl_number_reused: {
    ja: '同じ番号で内容が異なるリストです。J-LISに確認してください。',
    en: 'Two different lists have one number. Ask J-LIS.',
  },
  why_crl_malformed: {
    ja: 'リストとして読み取れません。途中で切れた場合は次の取得を待ち、続く場合は届いた内容を確認してください。',
    en: 'It cannot be read as a list. If it was cut off, wait for the next attempt; else look at what was delivered.',
  },
  why_jlis_unreachable: {
    ja: '取得元に接続できません。ネットワークとファイアウォールを確認してください。',
    en: 'The source cannot be reached. Look at the network and the firewall.',
  },
  why_jlis_timeout: {
    ja: '取得元の応答が途絶えました。ネットワークを確認してください。',
    en: 'The source went silent. Look at the network.',
  },
  why_jlis_http_status: {
    ja: '取得元がファイルではなくエラーを返しました。取得元のURLを確認してください。',
    en: 'The source answered with an error. Look at its URL.',
  },
  why_jlis_redirected: {
    ja: '取得元が別のURLへ転送しました。取得元のURLを確認してください。',
    en: 'The source redirects. Look at its URL.',
  },
  why_jlis_too_large: {
    ja: '取り決めた大きさを超えています。公表された内容と比べてください。',
    en: 'It is larger than agreed. Compare it with what was published.',
  },
  why_jlis_index_malformed: {
    ja: 'リストの一覧が取り決めた形式ではありません。取得元のシステムを確認してください。',
    en: 'The index breaks the contract. Look at the adapter.',
  },
  why_jlis_stopped: {
    ja: '停止のため中断しました。次の取得を待ってください。',
    en: 'It was stopped. Wait for the next run.',
  },
  why_jlis_tls_refused: {
    ja: 'TLSの証明書が受け入れられませんでした。双方の証明書を確認してください。',
    en: 'One side did not accept the certificate of the other. Look at both.',
  },
  why_jlis_answer_malformed: {
    ja: '応答が取り決めた形式ではありません。取得元のシステムを確認してください。',
    en: 'The answer breaks the contract. Look at the adapter.',
  },
  why_jlis_too_many_requests: {
    ja: '取得元が要求を制限しています。次の取得を待ってください。',
    en: 'The source limits requests. Wait for the next attempt.',
  },
  why_jlis_circuit_open: {
    ja: '失敗が続いたため、取得元への要求を控えています。取得元の状態を確認してください。',
    en: 'It was not asked because it failed often. Look at the source.',
  },
  why_jlis_too_busy: {
    ja: '要求が混み合っています。次の取得を待ってください。',
    en: 'Too many requests are under way. Wait for the next attempt.',
  },
  why_jlis_not_configured: {
    ja: 'この環境のJ-LISの接続先が設定されていません。設定を確認してください。',
    en: 'The mode has no J-LIS services. Look at the settings.',
  },
  why_partition_busy: {
    ja: '別のワーカーが取得していました。対応は不要です。',
    en: 'Another worker was fetching it. Nothing is to be done.',
  },
  why_internal: {
    ja: 'システム内部のエラーです。ログとともに開発元に報告してください。',
    en: 'It is a fault of the system. Report it to the developers with the log.',
  },
} satisfies Record<string, Message>;
