import { Button, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { type SyntheticEvent, useState } from 'react';
import { useReading } from '../language';

interface WordsProps {
  /** What is looked for. */
  label: string;
  words: string | undefined;
  onWords: (words: string | undefined) => void;
}

/** Words that the server looks for, once they are typed. */
export function Words({ label, words, onWords }: WordsProps) {
  const { t } = useReading();
  const [typed, setTyped] = useState(words ?? '');
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    onWords(typed.trim() === '' ? undefined : typed.trim());
  };
  return (
    <form role="search" className="words" onSubmit={submit}>
      <TextInput
        aria-label={label}
        placeholder={label}
        leftSection={<IconSearch size={15} aria-hidden />}
        value={typed}
        maxLength={200}
        w={300}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        {t('common.search')}
      </Button>
      {words !== undefined && (
        <Button variant="subtle" onClick={() => onWords(undefined)}>
          {t('common.clear')}
        </Button>
      )}
    </form>
  );
}
