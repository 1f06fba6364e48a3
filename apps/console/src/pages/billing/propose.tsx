import { Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import type { Mode } from '../../parts/mode-choice';

/** What a refusal says of a field, by its name in the request. */
export type FaultOf = (field: string) => string | undefined;

interface ProposeProps {
  title: string;
  thing: string;
  /** What will happen. */
  effect: string;
  size?: 'lg' | 'xl' | '72rem';
  send: (reason: string) => Promise<unknown>;
  done: string;
  onClose: () => void;
  children?: (faultOf: FaultOf) => ReactNode;
}

/** Puts something before a second person, with why. */
export function Propose({ title, thing, effect, size = 'lg', send, done, onClose, children }: ProposeProps) {
  const { t } = useReading();
  const queries = useQueryClient();
  return (
    <Confirm
      title={title}
      thing={thing}
      confirm={t('common.propose')}
      size={size}
      words={{ field: 'reason', label: t('common.reason'), required: true }}
      act={async (reason) => {
        await send(reason);
        await queries.invalidateQueries({ queryKey: ['approvals'] });
      }}
      done={done}
      onClose={onClose}
    >
      {(faultOf) => (
        <>
          {children?.(faultOf)}
          <Text size="sm">{effect}</Text>
        </>
      )}
    </Confirm>
  );
}

type PriceProps = Pick<ProposeProps, 'size' | 'send' | 'onClose' | 'children'> & {
  /** Which of them an invoice is made with. */
  hint?: string;
  what: 'tariff' | 'reduction' | 'recognition' | 'tax' | 'issuer' | 'plan' | 'terms';
  mode: Mode;
  /** Whose they are; undefined: everybody's. */
  tenant?: { name: string };
};

/** Prices, and what invoices are made of besides, from a day on. */
export function ProposePrices({ what, mode, tenant, hint, ...rest }: PriceProps) {
  const { t } = useReading();
  return (
    <Propose
      title={t(`prices.propose_${what}`)}
      thing={`${tenant?.name ?? t('prices.everybody')} · ${t(`common.mode_${mode}`)}`}
      effect={hint === undefined ? t('prices.propose_effect') : `${hint} ${t('prices.propose_effect')}`}
      done={t('prices.proposed')}
      {...rest}
    />
  );
}
