import { Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useReading } from '../language';
import { FormButtons } from './form-buttons';
import { fieldError, ProblemPanel } from './problem';
import { useToast } from './toast';
import { Window } from './window';

interface ConfirmProps {
  title: string;
  /** What it is done to, by its name. */
  thing: string;
  /** What will happen, or fields: each asks for what the refusal says of it, by its name in the request. */
  children?: ReactNode | ((faultOf: (field: string) => string | undefined) => ReactNode);
  confirm: string;
  danger?: boolean;
  /** Of the window, where it shows more than a few lines. */
  size?: 'lg' | 'xl' | '72rem';
  /** Whether words go along, and what they are called in the request. */
  words?: { field: string; label: string; required: boolean; example?: string | undefined };
  act: (words: string) => Promise<unknown>;
  /** Told when it worked. */
  done: string;
  onClose: () => void;
}

/** Asks once more, naming the thing; a refusal is shown here and nothing typed is lost. */
export function Confirm(props: ConfirmProps) {
  const { title, thing, children, confirm, danger = false, size = 'md', words, act, done, onClose } = props;
  const { language } = useReading();
  const toast = useToast();
  const [text, setText] = useState('');
  const acting = useMutation({
    mutationFn: () => act(text.trim()),
    onSuccess: () => {
      toast(done);
      onClose();
    },
  });
  const form = useRef<HTMLFormElement>(null);
  // A long form goes to the first field that something is wrong with, or to what it says of the whole.
  useEffect(() => {
    if (!acting.error) return;
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    if (wrong) wrong.focus();
    else form.current?.querySelector('[role="alert"]')?.scrollIntoView({ block: 'nearest' });
  }, [acting.error]);
  // What stands beside its field is not told again below.
  const beside = new Set(words ? [words.field] : []);
  const faultOf = (field: string): string | undefined => {
    const names = [field, `terms.${field}`];
    for (const name of names) beside.add(name);
    return names.map((name) => fieldError(acting.error, name, language)).find((fault) => fault !== undefined);
  };
  const shown = typeof children === 'function' ? children(faultOf) : children;
  const missing = words?.required === true && text.trim() === '';
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    // The window may have been opened from within a form of the page.
    event.stopPropagation();
    if (!missing) acting.mutate();
  };
  return (
    <Window onClose={onClose} size={size} title={title}>
      <form ref={form} onSubmit={submit}>
        <Stack gap="md">
          <Text fw={650}>{thing}</Text>
          {shown}
          {words && (
            <Textarea
              label={words.label}
              description={words.example}
              required={words.required}
              autosize
              minRows={2}
              maxLength={1000}
              value={text}
              error={fieldError(acting.error, words.field, language)}
              onChange={(event) => setText(event.currentTarget.value)}
              data-autofocus
            />
          )}
          {acting.isError && <ProblemPanel error={acting.error} shown={(field) => beside.has(field)} />}
          <FormButtons
            submit={confirm}
            color={danger ? 'red.9' : undefined}
            pending={acting.isPending}
            disabled={missing}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Window>
  );
}
