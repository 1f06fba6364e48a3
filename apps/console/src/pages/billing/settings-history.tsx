import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { Panel } from '../../parts/page';
import { useMay } from '../../session';
import type { PriceNoun } from '../approvals/subject';
import { type Dated, History } from './history';
import { WaitingPrices } from './waiting';

interface SettingsHistoryProps<Terms> {
  mode: Mode;
  noun: PriceNoun;
  title: string;
  none: string;
  propose: string;
  /** Of all settings those that are meant, oldest first. */
  of: (settings: Schemas['InvoiceSettings']) => readonly Dated<Terms>[];
  show: (terms: Terms) => ReactNode;
  /** The window that proposes the next, made of what is there. */
  form: (before: Terms | undefined, onClose: () => void) => ReactNode;
}

/** What invoices are made of besides prices, with its history and the way to what comes next. */
export function SettingsHistory<Terms>(props: SettingsHistoryProps<Terms>) {
  const { mode, noun, title, none, propose, of, show, form } = props;
  const may = useMay();
  const [proposing, setProposing] = useState(false);
  const found = useQuery({
    queryKey: ['invoice-settings', mode],
    queryFn: () => ask(() => client.GET('/v1/invoice-settings/{mode}', { params: { path: { mode } } })),
  });
  return (
    <Loaded query={found}>
      {(settings) => {
        const rows = of(settings);
        return (
          <Panel
            title={title}
            actions={
              may('prices:propose') && (
                <Button size="xs" variant="default" onClick={() => setProposing(true)}>
                  {propose}
                </Button>
              )
            }
          >
            <WaitingPrices noun={noun} mode={mode} />
            <History today={settings.today} rows={rows} none={none}>
              {show}
            </History>
            {proposing && form(rows.at(-1)?.terms, () => setProposing(false))}
          </Panel>
        );
      }}
    </Loaded>
  );
}
