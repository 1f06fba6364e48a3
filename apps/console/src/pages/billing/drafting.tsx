import { Button, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { useMay } from '../../session';

/** Drafts the invoice of a statement and goes to it. */
export function useDrafting(): (statementId: string, items: Schemas['InvoiceDraftRequest']['items']) => Promise<void> {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return async (statementId, items) => {
    const body = { statement_id: statementId, items };
    const { id } = await ask(() => client.POST('/v1/invoice-drafts', { body }));
    await queries.invalidateQueries({ queryKey: ['invoice-drafts'] });
    await navigate({ to: '/invoice-drafts/$draftId', params: { draftId: id } });
  };
}

interface DraftButtonProps {
  statementId: string;
  /** Whose, and of which month. */
  thing: string;
  /** What it is called, and what it does, where it is more than a draft. */
  name: string;
  effect: string;
}

/** Drafts one statement, for whoever may. */
export function DraftButton({ statementId, thing, name, effect }: DraftButtonProps) {
  const { t } = useReading();
  const may = useMay();
  const drafting = useDrafting();
  const [asking, setAsking] = useState(false);
  if (!may('invoices:draft')) return null;
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        {name}
      </Button>
      {asking && (
        <Confirm
          title={name}
          thing={thing}
          confirm={t('months.draft')}
          act={() => drafting(statementId, [])}
          done={t('statements.draft_done')}
          onClose={() => setAsking(false)}
        >
          <Text size="sm">{effect}</Text>
        </Confirm>
      )}
    </>
  );
}
