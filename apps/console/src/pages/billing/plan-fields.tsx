import { ActionIcon, Button, Fieldset, Group, NativeSelect, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useReading } from '../../language';
import { oneOf } from '../../search';
import { type DiscountDraft, METERS, type PriceDraft, type SetupDraft } from './plan-draft';

const PURPOSES = [
  'signature_verification',
  'authentication',
  'status_check',
  'identification',
  'attribute_update',
  'reverification',
] as const;
const TIERINGS = ['graduated', 'volume'] as const;
const WINDOWS = ['none', 'month', 'calendar_year', 'fiscal_year'] as const;
const APPLIES_TO = ['base_fee', 'usage', 'all'] as const;
const KINDS = ['percent', 'amount'] as const;

interface PartProps<Part> {
  number: number;
  /** What a refusal says of a field of this part. */
  fault: (field: string) => string | undefined;
  /** Undefined: it is taken out. */
  onPut: (part: Part | undefined) => void;
}

/** What is typed into a field. */
type Typed = { currentTarget: { value: string } };

/** A part of a plan with its name and, where it may go, a way to take it out. */
function Part({
  name,
  error,
  onRemove,
  children,
}: {
  name: string;
  error?: string | undefined;
  onRemove?: (() => void) | undefined;
  children: ReactNode;
}) {
  const { t } = useReading();
  return (
    <Fieldset
      legend={
        <Group gap={6}>
          {name}
          {onRemove && (
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label={t('prices.remove_thing', { thing: name })}
              onClick={onRemove}
            >
              <IconTrash size={14} />
            </ActionIcon>
          )}
        </Group>
      }
      p="sm"
    >
      {error !== undefined && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {error}
        </Text>
      )}
      {children}
    </Fieldset>
  );
}

/** One price with its tiers. The four of the meters stay; those of a purpose can be taken out. */
export function PriceFields({ number, price, fault, onPut }: PartProps<PriceDraft> & { price: PriceDraft }) {
  const { t } = useReading();
  const name =
    price.purpose === ''
      ? t(`prices.meter_${price.meter}`)
      : `${t(`prices.meter_${price.meter}`)} · ${t(`prices.purpose_${price.purpose}`)}`;
  const put = (part: Partial<PriceDraft>): void => onPut({ ...price, ...part });
  const putTier = (index: number, part: Partial<PriceDraft['tiers'][number]>): void =>
    put({ tiers: price.tiers.map((tier, at) => (at === index ? { ...tier, ...part } : tier)) });
  return (
    <Part
      name={`${t('prices.price_of', { number })} ${name}`}
      error={fault('')}
      onRemove={price.purpose === '' ? undefined : () => onPut(undefined)}
    >
      <SimpleGrid cols={{ base: 1, sm: price.purpose === '' ? 3 : 5 }} spacing="xs">
        {price.purpose !== '' && (
          <>
            <NativeSelect
              label={t('prices.meter')}
              data={METERS.map((value) => ({ value, label: t(`prices.meter_${value}`) }))}
              value={price.meter}
              onChange={(event: Typed) => put({ meter: oneOf(METERS, event.currentTarget.value) ?? price.meter })}
            />
            <NativeSelect
              label={t('prices.purpose')}
              data={PURPOSES.map((value) => ({ value, label: t(`prices.purpose_${value}`) }))}
              value={price.purpose}
              onChange={(event: Typed) => put({ purpose: oneOf(PURPOSES, event.currentTarget.value) ?? price.purpose })}
            />
          </>
        )}
        <NativeSelect
          label={t('prices.tiering')}
          data={TIERINGS.map((value) => ({ value, label: t(`prices.tiering_${value}`) }))}
          value={price.tiering}
          onChange={(event: Typed) => put({ tiering: oneOf(TIERINGS, event.currentTarget.value) ?? price.tiering })}
        />
        <TextInput
          label={t('prices.free')}
          inputMode="numeric"
          value={price.free}
          error={fault('.free')}
          onChange={(event) => put({ free: event.currentTarget.value })}
        />
        <NativeSelect
          label={t('prices.dedupe')}
          data={WINDOWS.map((value) => ({ value, label: t(`prices.dedupe_${value}`) }))}
          value={price.dedupe}
          onChange={(event: Typed) => put({ dedupe: oneOf(WINDOWS, event.currentTarget.value) ?? price.dedupe })}
        />
      </SimpleGrid>
      <Stack gap={6} mt="xs">
        {price.tiers.map((tier, index) => (
          <Group key={index} gap="xs" align="flex-end">
            <TextInput
              label={`${t('prices.tier_number', { number: index + 1 })} ${t('prices.up_to')}`}
              placeholder={t('prices.rest')}
              inputMode="numeric"
              value={tier.up_to}
              error={fault(`.tiers.${index}.up_to`)}
              onChange={(event) => putTier(index, { up_to: event.currentTarget.value })}
            />
            <TextInput
              label={`${t('prices.tier_number', { number: index + 1 })} ${t('prices.unit_price')}`}
              required
              inputMode="decimal"
              value={tier.unit_price}
              error={fault(`.tiers.${index}.unit_price`)}
              onChange={(event) => putTier(index, { unit_price: event.currentTarget.value })}
            />
            {price.tiers.length > 1 && (
              <ActionIcon
                variant="subtle"
                color="gray"
                mb={4}
                aria-label={t('prices.remove_thing', { thing: t('prices.tier_number', { number: index + 1 }) })}
                onClick={() => put({ tiers: price.tiers.filter((_, at) => at !== index) })}
              >
                <IconTrash size={16} />
              </ActionIcon>
            )}
            {index === price.tiers.length - 1 && (
              <Button
                size="xs"
                variant="subtle"
                mb={3}
                onClick={() => put({ tiers: [...price.tiers, { up_to: '', unit_price: '' }] })}
              >
                {t('prices.add_tier')}
              </Button>
            )}
          </Group>
        ))}
      </Stack>
    </Part>
  );
}

export function DiscountFields({
  number,
  discount,
  fault,
  onPut,
}: PartProps<DiscountDraft> & { discount: DiscountDraft }) {
  const { t } = useReading();
  const name = t('prices.discount_number', { number });
  const put = (part: Partial<DiscountDraft>): void => onPut({ ...discount, ...part });
  const bind = (field: 'label_ja' | 'label_en' | 'value' | 'valid_from' | 'valid_until', path: string = field) => ({
    value: discount[field],
    error: fault(path),
    onChange: (event: Typed) => put({ [field]: event.currentTarget.value }),
  });
  return (
    <Part name={name} onRemove={() => onPut(undefined)}>
      <SimpleGrid cols={{ base: 1, sm: 4 }} spacing="xs">
        <TextInput label={t('prices.label_ja')} required {...bind('label_ja', 'label.ja')} />
        <TextInput label={t('prices.label_en')} required {...bind('label_en', 'label.en')} />
        <NativeSelect
          label={t('prices.applies_to')}
          data={APPLIES_TO.map((value) => ({ value, label: t(`prices.applies_to_${value}`) }))}
          value={discount.applies_to}
          onChange={(event: Typed) =>
            put({ applies_to: oneOf(APPLIES_TO, event.currentTarget.value) ?? discount.applies_to })
          }
        />
        <NativeSelect
          label={t('prices.kind')}
          data={KINDS.map((value) => ({ value, label: t(`prices.kind_${value}`) }))}
          value={discount.kind}
          onChange={(event: Typed) => put({ kind: oneOf(KINDS, event.currentTarget.value) ?? discount.kind })}
        />
        <TextInput label={t('prices.value')} required inputMode="decimal" {...bind('value')} />
        <TextInput type="date" label={t('prices.discount_from')} required {...bind('valid_from')} />
        <TextInput type="date" label={t('prices.discount_until')} required {...bind('valid_until')} />
      </SimpleGrid>
    </Part>
  );
}

export function SetupFields({ number, setup, fault, onPut }: PartProps<SetupDraft> & { setup: SetupDraft }) {
  const { t } = useReading();
  const name = t('prices.setup_number', { number });
  const bind = (field: keyof SetupDraft, path: string = field) => ({
    value: setup[field],
    error: fault(path),
    onChange: (event: Typed) => onPut({ ...setup, [field]: event.currentTarget.value }),
  });
  return (
    <Part name={name} onRemove={() => onPut(undefined)}>
      <SimpleGrid cols={{ base: 1, sm: 4 }} spacing="xs">
        <TextInput label={t('prices.label_ja')} required {...bind('label_ja', 'label.ja')} />
        <TextInput label={t('prices.label_en')} required {...bind('label_en', 'label.en')} />
        <TextInput label={t('prices.amount')} required inputMode="decimal" {...bind('amount')} />
        <TextInput type="date" label={t('prices.on')} required {...bind('on')} />
      </SimpleGrid>
    </Part>
  );
}
