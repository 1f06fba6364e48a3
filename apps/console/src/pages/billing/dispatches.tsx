import { Button, NativeSelect, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { OperatorName } from '../../parts/actor';
import { Confirm } from '../../parts/confirm';
import { Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { State } from '../../parts/state';
import { Rows } from '../../parts/table';
import { oneOf } from '../../search';
import { useMay } from '../../session';
import { binding } from './fields';

type Invoice = Schemas['Invoice'];
type Dispatch = Schemas['InvoiceDispatchList']['data'][number];
const METHODS = ['email', 'post', 'portal', 'other'] as const;

const useDispatches = (id: string) =>
  useQuery({
    queryKey: ['invoice', id, 'dispatches'],
    queryFn: () => ask(() => client.GET('/v1/invoices/{id}/dispatches', { params: { path: { id } } })),
  });

/** Whether an invoice has gone out; nothing of one that was taken back before. */
export function DispatchState({ invoice: { id, state } }: { invoice: Invoice }) {
  const { t } = useReading();
  const { data } = useDispatches(id);
  if (!data || (state === 'void' && data.data.length === 0)) return null;
  const isSent = data.data.length > 0;
  return <State tone={isSent ? 'good' : 'warn'}>{t(isSent ? 'invoices.sent' : 'invoices.not_sent')}</State>;
}

/** When, how and to whom an invoice went out. */
export function Dispatches({ invoice }: { invoice: Invoice }) {
  const { t, format } = useReading();
  const may = useMay();
  const found = useDispatches(invoice.id);
  const [today, setToday] = useState<string>();
  return (
    <Panel
      title={t('invoices.dispatches')}
      actions={
        found.data &&
        may('invoices:draft') && (
          <Button size="xs" variant="default" onClick={() => setToday(found.data.today)}>
            {t('invoices.dispatch')}
          </Button>
        )
      }
    >
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty>{t('invoices.no_dispatches')}</Empty>
          ) : (
            <Rows<Dispatch>
              label={t('invoices.dispatches')}
              columns={[
                { name: 'sent_on', title: t('invoices.sent_on'), cell: ({ sent_on: day }) => format.day(day) },
                { name: 'method', title: t('invoices.method'), cell: ({ method }) => t(`invoices.method_${method}`) },
                { name: 'recipient', title: t('invoices.sent_to'), cell: ({ recipient }) => recipient },
                {
                  name: 'by',
                  title: t('invoices.recorded_by'),
                  cell: ({ recorded_by: by }) => <OperatorName id={by.replace('operator:', '')} />,
                  text: ({ recorded_by: by }) => by,
                },
                { name: 'at', title: t('invoices.recorded_at'), cell: ({ recorded_at: at }) => format.time(at) },
              ]}
              rows={data}
              keyOf={({ id }) => id}
            />
          )
        }
      </Loaded>
      {today !== undefined && <Record invoice={invoice} today={today} onClose={() => setToday(undefined)} />}
    </Panel>
  );
}

function Record({ invoice, today, onClose }: { invoice: Invoice; today: string; onClose: () => void }) {
  const { t } = useReading();
  const queries = useQueryClient();
  const [form, setForm] = useState({ sent_on: today, method: 'email', recipient: '' });
  const record = async (): Promise<void> => {
    const body = { ...form, method: oneOf(METHODS, form.method) ?? 'other' };
    await ask(() => client.POST('/v1/invoices/{id}/dispatches', { params: { path: { id: invoice.id } }, body }));
    await queries.invalidateQueries({ queryKey: ['invoice', invoice.id] });
  };
  return (
    <Confirm
      title={t('invoices.dispatch')}
      thing={`${invoice.number} ${invoice.recipient_name}`}
      confirm={t('invoices.dispatch')}
      act={record}
      done={t('invoices.dispatch_done', { number: invoice.number })}
      onClose={onClose}
    >
      {(faultOf) => {
        const bind = binding(form, setForm, faultOf);
        return (
          <>
            <TextInput type="date" required label={t('invoices.sent_on')} {...bind('sent_on')} />
            <NativeSelect
              label={t('invoices.method')}
              data={METHODS.map((value) => ({ value, label: t(`invoices.method_${value}`) }))}
              {...bind('method')}
            />
            <TextInput required label={t('invoices.sent_to')} {...bind('recipient')} data-autofocus />
            <Text size="sm">{t('invoices.dispatch_effect')}</Text>
          </>
        );
      }}
    </Confirm>
  );
}
