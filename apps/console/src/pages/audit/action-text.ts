import { isTextKey, type TextKey } from '../../texts';

/** The text of an act of the audit trail, `noun.verb`; undefined for one that this console does not know yet. */
export function actionKey(action: string): TextKey | undefined {
  const key = `actions.of_${action.replace('.', '_')}`;
  return isTextKey(key) ? key : undefined;
}
