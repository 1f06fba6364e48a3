import { useQuery } from '@tanstack/react-query';
import { ask, client } from '../api';
import { useReading } from '../language';
import { useMay } from '../session';
import { isTextKey } from '../texts';
import { Copyable, shortId } from './copy';

/** The name of an operator for those who may know it; its id for the others. */
export function OperatorName({ id }: { id: string }) {
  const may = useMay();
  const { data } = useQuery({
    queryKey: ['operators'],
    queryFn: () => ask(() => client.GET('/v1/operators')),
    enabled: may('operators:read'),
    staleTime: 60_000,
  });
  const name = data?.data.find((operator) => operator.id === id)?.name;
  return name === undefined ? <Copyable text={id} shown={shortId(id)} /> : <span title={id}>{name}</span>;
}

/** Who did something, or what it was done to, as records name it: `operator:opr_…`. */
export function Actor({ name }: { name: string }) {
  const { t } = useReading();
  const [noun = '', id] = name.split(':', 2);
  if (id === undefined) return <>{name}</>;
  const who = `actions.who_${id}`;
  if ((noun === 'operator' || noun === 'system') && isTextKey(who)) return <span title={name}>{t(who)}</span>;
  if (noun === 'operator') return <OperatorName id={id} />;
  const key = `actions.noun_${noun}`;
  return <Copyable text={name} shown={`${isTextKey(key) ? t(key) : noun} ${shortId(id)}`} />;
}
