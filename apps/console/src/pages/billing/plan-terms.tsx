import { Stack, Text } from '@mantine/core';
import { useReading } from '../../language';
import { Facts } from '../../parts/page';
import { type Column, Rows } from '../../parts/table';
import type { PlanTerms } from './plan-draft';

type Price = PlanTerms['prices'][number];

/** What a tenant pays, as a person reads a price list. */
export function PlanTermsView({ terms }: { terms: PlanTerms }) {
  const { t, format, language } = useReading();
  const columns: Column<Price>[] = [
    { name: 'meter', title: t('prices.meter'), cell: ({ meter }) => t(`prices.meter_${meter}`) },
    {
      name: 'purpose',
      title: t('prices.purpose'),
      cell: ({ purpose }) => t(purpose === undefined ? 'prices.any_purpose' : `prices.purpose_${purpose}`),
    },
    { name: 'price', title: t('prices.unit_price'), right: true, cell: (price) => <Tiers price={price} /> },
    {
      name: 'free',
      title: t('prices.free'),
      right: true,
      cell: ({ free }) => (free === 0 ? t('common.none') : t('prices.free_units', { count: format.number(free) })),
    },
    { name: 'dedupe', title: t('prices.dedupe'), cell: ({ dedupe }) => t(`prices.dedupe_${dedupe}`) },
  ];
  const outcomes = terms.billed_outcomes.map((each) => t(`verifications.outcome_${each}`));
  return (
    <Stack gap={0}>
      <Facts
        facts={[
          [t('prices.label'), terms.label[language]],
          [t('prices.base'), format.yen(terms.base_fee)],
          [t('prices.minimum_month'), format.yen(terms.minimum)],
          [t('prices.billed_outcomes'), outcomes.length === 0 ? t('common.none') : format.list(outcomes)],
          [t('prices.pass_through'), t(terms.pass_through ? 'prices.pass_through_yes' : 'prices.pass_through_no')],
          [t('prices.tax_category'), t(`prices.tax_${terms.tax_category}`)],
          ...(terms.ends_on === undefined ? [] : [[t('prices.ends_on'), format.date(terms.ends_on)] as const]),
          ...terms.discounts.map(
            ({ label, applies_to, kind, value, valid_from, valid_until }) =>
              [
                `${t('prices.discounts')}: ${label[language]}`,
                `${t('prices.discount_of', {
                  scope: t(`prices.applies_to_${applies_to}`),
                  value:
                    kind === 'amount'
                      ? t('prices.discount_amount', { yen: format.yen(value) })
                      : t('prices.taken_off_percent', { value }),
                })} · ${format.period(valid_from, valid_until)}`,
              ] as const,
          ),
          ...terms.setup.map(
            ({ label, amount, on }) =>
              [`${t('prices.setup')}: ${label[language]}`, `${format.yen(amount)} · ${format.date(on)}`] as const,
          ),
        ]}
      />
      <Rows
        label={t('prices.prices')}
        columns={columns}
        rows={terms.prices}
        keyOf={({ meter, purpose }) => `${meter} ${purpose ?? ''}`}
      />
    </Stack>
  );
}

function Tiers({ price: { tiers, tiering } }: { price: Price }) {
  const { t, format } = useReading();
  if (tiers.length === 1) return format.yen(tiers[0]!.unit_price);
  return (
    <>
      {tiers.map(({ up_to, unit_price }) => (
        <div key={up_to ?? 'rest'}>
          {up_to === null
            ? t('prices.tier_rest', { price: format.yen(unit_price) })
            : t('prices.tier_up_to', { count: format.number(up_to), price: format.yen(unit_price) })}
        </div>
      ))}
      <Text size="xs" c="dimmed">
        {t(`prices.tiering_${tiering}`)}
      </Text>
    </>
  );
}
