import { ActionIcon, Button, Fieldset, Group, SimpleGrid, Text, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { oneOf } from '../../search';
import { TAX_CATEGORIES, TaxCategory } from './fields';
import { useDrafting } from './drafting';
import type { FaultOf } from './propose';

type Draft = Schemas['InvoiceDraft'];
interface ItemDraft {
  ja: string;
  en: string;
  amount: string;
  tax_category: (typeof TAX_CATEGORIES)[number];
  on: string;
  credits: string;
}
const EMPTY: ItemDraft = { ja: '', en: '', amount: '', tax_category: 'standard', on: '', credits: '' };

/** As it is asked for. An amount that is no number is refused by the server, at its field. */
const itemOf = ({ ja, en, amount, tax_category, on, credits }: ItemDraft) => ({
  description: { ja, en },
  amount_yen: Number(amount.replaceAll(',', '')),
  tax_category,
  on,
  ...(credits.trim() === '' ? {} : { credits_invoice_id: credits.trim() }),
});

/** Drafts the statement anew, with credits or charges besides its lines. */
export function DraftWithItems({ draft, onClose }: { draft: Draft; onClose: () => void }) {
  const { t, format } = useReading();
  const drafting = useDrafting();
  const [items, setItems] = useState<readonly ItemDraft[]>([EMPTY]);
  return (
    <Confirm
      title={t('invoices.items')}
      thing={t('invoices.discard_thing', { name: draft.recipient.name, month: format.month(draft.month) })}
      confirm={t('invoices.item_redraft')}
      size="xl"
      act={() => drafting(draft.statement_id, items.map(itemOf))}
      done={t('statements.draft_done')}
      onClose={onClose}
    >
      {(faultOf) => (
        <>
          <Text size="sm">{t('invoices.items_effect')}</Text>
          {items.map((item, index) => (
            <Item
              key={index}
              number={index + 1}
              item={item}
              fault={(field) => faultOf(`items.${index}.${field}`)}
              onPut={(next) => setItems(items.map((each, at) => (at === index ? next : each)))}
              onRemove={() => setItems(items.filter((_, at) => at !== index))}
            />
          ))}
          <div>
            <Button size="xs" variant="default" onClick={() => setItems([...items, EMPTY])}>
              {t('invoices.item_add')}
            </Button>
          </div>
        </>
      )}
    </Confirm>
  );
}

interface ItemProps {
  number: number;
  item: ItemDraft;
  fault: FaultOf;
  onPut: (item: ItemDraft) => void;
  onRemove: () => void;
}

function Item({ number, item, fault, onPut, onRemove }: ItemProps) {
  const { t } = useReading();
  const bind = (name: Exclude<keyof ItemDraft, 'tax_category'>, field: string = name) => ({
    value: item[name],
    error: fault(field),
    onChange: (event: { currentTarget: { value: string } }) => onPut({ ...item, [name]: event.currentTarget.value }),
  });
  return (
    <Fieldset
      p="sm"
      legend={
        <Group gap={6}>
          {t('invoices.item', { number })}
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={t('invoices.item_remove', { number })}
            onClick={onRemove}
          >
            <IconTrash size={14} />
          </ActionIcon>
        </Group>
      }
    >
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="xs">
        <TextInput label={t('invoices.item_ja')} required {...bind('ja', 'description.ja')} />
        <TextInput label={t('invoices.item_en')} required {...bind('en', 'description.en')} />
        <TextInput label={t('invoices.item_amount')} required inputMode="numeric" {...bind('amount', 'amount_yen')} />
        <TaxCategory
          value={item.tax_category}
          error={fault('tax_category')}
          onChange={(event) =>
            onPut({ ...item, tax_category: oneOf(TAX_CATEGORIES, event.currentTarget.value) ?? 'standard' })
          }
        />
        <TextInput type="date" label={t('invoices.item_on')} required {...bind('on')} />
        <TextInput
          label={t('invoices.item_credits')}
          placeholder="inv_…"
          autoComplete="off"
          {...bind('credits', 'credits_invoice_id')}
        />
      </SimpleGrid>
    </Fieldset>
  );
}
