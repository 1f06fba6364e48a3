import { Combobox, InputBase, Text, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ask, client } from '../api';
import { useReading } from '../language';
import { useMay } from '../session';
import { tenantOf } from '../tenant';

/** Found by one search; who does not find theirs among them types more of the name. */
const SHOWN = 20;
const isId = (text: string): boolean => /^ten_[0-9a-f]{32}$/.test(text);

interface PickerProps {
  /** The id, or empty. */
  value: string;
  onPick: (id: string) => void;
  error?: string | undefined;
}

/** A service provider by its name, or by its id as it is pasted; by its id alone for who may not read their names. */
export function TenantPicker({ value, onPick, error }: PickerProps) {
  const { t } = useReading();
  const may = useMay();
  if (may('tenants:read')) return <ByName value={value} onPick={onPick} error={error} />;
  return (
    <TextInput
      label={t('tenants.id')}
      placeholder="ten_…"
      maxLength={64}
      w={200}
      value={value}
      error={error}
      onChange={(event) => onPick(event.currentTarget.value)}
    />
  );
}

function ByName({ value, onPick, error }: PickerProps) {
  const { t } = useReading();
  const [typed, setTyped] = useState<string>();
  const box = useCombobox({ onDropdownClose: () => box.resetSelectedOption() });
  const chosen = useQuery({ ...tenantOf(value), enabled: isId(value) });
  const [name] = useDebouncedValue((typed ?? '').trim(), 200);
  const query = { limit: SHOWN, sort: 'name' as const, ...(name === '' || isId(name) ? {} : { name }) };
  const found = useQuery({
    queryKey: ['tenants', 'picker', query],
    queryFn: () => ask(() => client.GET('/v1/tenants', { params: { query } })),
    enabled: box.dropdownOpened,
    placeholderData: keepPreviousData,
  });
  const type = (text: string): void => {
    setTyped(text);
    // What is no name yet picks nobody; a pasted id, even a faulty one, goes along for the server to judge.
    onPick(text.trim().startsWith('ten_') ? text.trim() : '');
    box.openDropdown();
  };
  const pick = (id: string): void => {
    setTyped(undefined);
    onPick(id);
    box.closeDropdown();
  };
  const isTypedId = typed?.trim().startsWith('ten_') === true;
  const rows = isTypedId ? (chosen.data ? [chosen.data] : []) : (found.data?.data ?? []);
  // Enter takes the first that fits what is typed.
  const { selectFirstOption } = box;
  useEffect(() => {
    if (typed) selectFirstOption();
  }, [typed, found.data, selectFirstOption]);
  return (
    <Combobox store={box} onOptionSubmit={pick}>
      <Combobox.Target withExpandedAttribute>
        <InputBase
          label={t('tenants.tenant')}
          placeholder={t('tenants.pick')}
          autoComplete="off"
          maxLength={200}
          w={230}
          error={error}
          value={typed ?? chosen.data?.name ?? value}
          title={value === '' ? undefined : value}
          onChange={(event) => type(event.currentTarget.value)}
          onClick={() => box.openDropdown()}
          onFocus={() => box.openDropdown()}
          onBlur={() => {
            box.closeDropdown();
            setTyped(undefined);
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown miw={300}>
        <Combobox.Options aria-label={t('tenants.title')} mah={320} style={{ overflowY: 'auto' }}>
          {rows.map((row) => (
            <Combobox.Option key={row.id} value={row.id}>
              {row.name}
              <Text size="xs" c="dimmed" className="numbers">
                {row.id}
              </Text>
            </Combobox.Option>
          ))}
          {rows.length === 0 && (
            <Combobox.Empty>
              {t(found.isPending && !isTypedId ? 'common.loading' : 'common.nothing_found')}
            </Combobox.Empty>
          )}
        </Combobox.Options>
        {!isTypedId && found.data?.next_cursor && <Combobox.Footer fz="xs">{t('tenants.pick_more')}</Combobox.Footer>}
      </Combobox.Dropdown>
    </Combobox>
  );
}
