import { Button, Checkbox, Group, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import type { Mode } from '../../parts/mode-choice';
import { oneOf } from '../../search';
import { FirstDay, TAX_CATEGORIES, TaxCategory } from './fields';
import {
  draftOf,
  EMPTY_PLAN,
  newDiscount,
  newPrice,
  newSetup,
  type PlanDraft,
  type PlanTerms,
  termsOf,
} from './plan-draft';
import { DiscountFields, PriceFields, SetupFields } from './plan-fields';
import { ProposePrices } from './propose';

const OUTCOMES = ['valid', 'invalid'] as const;

interface ProposePlanProps {
  tenant: Pick<Schemas['TenantDetail'], 'id' | 'name'>;
  mode: Mode;
  before: PlanTerms | undefined;
  onClose: () => void;
}

/** What a tenant pays from a day on, beginning with what it pays now. */
export function ProposePlan({ tenant, mode, before, onClose }: ProposePlanProps) {
  const { t } = useReading();
  const [validFrom, setValidFrom] = useState('');
  const [draft, setDraft] = useState<PlanDraft>(() => (before ? draftOf(before) : EMPTY_PLAN));
  const put = (part: Partial<PlanDraft>): void => setDraft({ ...draft, ...part });
  const send = (reason: string) =>
    ask(() =>
      client.POST('/v1/tenants/{id}/price-plans/{mode}', {
        params: { path: { id: tenant.id, mode } },
        body: { valid_from: validFrom, terms: termsOf(draft), reason },
      }),
    );
  return (
    <ProposePrices what="plan" mode={mode} tenant={tenant} size="72rem" send={send} onClose={onClose}>
      {(faultOf) => {
        const bind = (name: 'label_ja' | 'label_en' | 'base_fee' | 'minimum' | 'ends_on', field: string = name) => ({
          value: draft[name],
          error: faultOf(field),
          onChange: (event: { currentTarget: { value: string } }) => put({ [name]: event.currentTarget.value }),
        });
        const putAt =
          <Name extends 'prices' | 'discounts' | 'setup'>(name: Name, index: number) =>
          (part: PlanDraft[Name][number] | undefined): void =>
            put({
              [name]:
                part === undefined
                  ? draft[name].filter((_, at) => at !== index)
                  : draft[name].map((each, at) => (at === index ? part : each)),
            });
        return (
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="xs">
              <FirstDay
                value={validFrom}
                error={faultOf('valid_from')}
                onChange={(event) => setValidFrom(event.currentTarget.value)}
              />
              <TextInput label={t('prices.label_ja')} required {...bind('label_ja', 'label.ja')} />
              <TextInput label={t('prices.label_en')} required {...bind('label_en', 'label.en')} />
              <TextInput label={t('prices.base_fee')} required inputMode="decimal" {...bind('base_fee')} />
              <TextInput label={t('prices.minimum')} required inputMode="decimal" {...bind('minimum')} />
              <TextInput type="date" label={t('prices.ends_on')} {...bind('ends_on')} />
              <TaxCategory
                value={draft.tax_category}
                error={faultOf('tax_category')}
                onChange={(event) =>
                  put({ tax_category: oneOf(TAX_CATEGORIES, event.currentTarget.value) ?? 'standard' })
                }
              />
            </SimpleGrid>
            <Checkbox.Group
              label={t('prices.billed_outcomes')}
              value={draft.billed_outcomes}
              error={faultOf('billed_outcomes')}
              onChange={(chosen) => put({ billed_outcomes: OUTCOMES.filter((each) => chosen.includes(each)) })}
            >
              <Group mt={6}>
                {OUTCOMES.map((value) => (
                  <Checkbox key={value} value={value} label={t(`verifications.outcome_${value}`)} />
                ))}
              </Group>
            </Checkbox.Group>
            <Switch
              label={t('prices.pass_through')}
              checked={draft.pass_through}
              onChange={(event) => put({ pass_through: event.currentTarget.checked })}
            />
            {draft.prices.map((price, index) => (
              <PriceFields
                key={index}
                number={index + 1}
                price={price}
                fault={(field) => faultOf(`prices.${index}${field}`)}
                onPut={putAt('prices', index)}
              />
            ))}
            {draft.discounts.map((discount, index) => (
              <DiscountFields
                key={index}
                number={index + 1}
                discount={discount}
                fault={(field) => faultOf(`discounts.${index}.${field}`)}
                onPut={putAt('discounts', index)}
              />
            ))}
            {draft.setup.map((setup, index) => (
              <SetupFields
                key={index}
                number={index + 1}
                setup={setup}
                fault={(field) => faultOf(`setup.${index}.${field}`)}
                onPut={putAt('setup', index)}
              />
            ))}
            <Group gap="xs">
              <Button
                size="xs"
                variant="default"
                onClick={() =>
                  put({ prices: [...draft.prices, { ...newPrice('sign_check'), purpose: 'status_check' }] })
                }
              >
                {t('prices.add_price')}
              </Button>
              <Button size="xs" variant="default" onClick={() => put({ discounts: [...draft.discounts, newDiscount] })}>
                {t('prices.add_discount')}
              </Button>
              <Button size="xs" variant="default" onClick={() => put({ setup: [...draft.setup, newSetup] })}>
                {t('prices.add_setup')}
              </Button>
            </Group>
          </Stack>
        );
      }}
    </ProposePrices>
  );
}
