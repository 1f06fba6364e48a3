import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { isTextKey, type TextKey } from '../../texts';

type Queue = Schemas['JobQueue']['queue'];

/** What a queue is called. */
export const queueText = (queue: Queue): TextKey => `system.queue_${queue.replaceAll('-', '_') as 'status_sweep'}`;

/** What a schedule or a job without more to it is called: in words where there are some. */
export function usePlainName(): (name: string) => string {
  const { t } = useReading();
  return (name) => {
    const key = `system.job_${name}`;
    return isTextKey(key) ? t(key) : name;
  };
}

/** What a job is called: the work it does, in words. */
export function useJobName(): (job: Schemas['QueuedJob']) => string {
  const { t, format } = useReading();
  const plain = usePlainName();
  return ({ name, subject: { mode, hierarchy, partition, sweep_id: sweep, month } }) => {
    const words = [
      mode && t(`common.mode_${mode}`),
      hierarchy && t(`revocation.hierarchy_${hierarchy}`),
      partition,
      sweep,
      month && format.month(month),
    ].filter((word) => word !== undefined);
    return words.length === 0 ? plain(name) : words.join(' ');
  };
}
