import { Alert, Anchor, Button, Code, Group, List, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconLock, IconPlugConnectedX } from '@tabler/icons-react';
import { type Problem, Refused, Unreachable } from '../api';
import { useReading } from '../language';
import { isTextKey, type Language } from '../texts';

/** What a refusal says, in the reader's language. */
export const titleOf = (problem: Problem, language: Language): string =>
  language === 'ja' ? problem.title_ja : problem.title;

/** What is wrong with a field, by the name it has in the request. */
export function fieldError(error: unknown, field: string, language: Language): string | undefined {
  if (!(error instanceof Refused)) return undefined;
  const { problem } = error;
  const found = problem.errors?.find((each) => each.field === field);
  if (found) return language === 'ja' ? found.message_ja : found.message;
  return problem.errors === undefined && problem.field === field ? titleOf(problem, language) : undefined;
}

/** Whether an error names a field that starts like this. */
export const namesField = (error: unknown, start: string): boolean =>
  error instanceof Refused && (error.problem.errors ?? []).some(({ field }) => field.startsWith(start));

interface ProblemProps {
  error: unknown;
  onRetry?: () => void;
  /** Faults of these fields stand beside the fields already. */
  shown?: (field: string) => boolean;
  /** What the reader knows a field by; otherwise it has the name of the request. */
  nameOf?: (field: string) => string;
}

/** Why something did not work, with what an engineer needs to find it. */
export function ProblemPanel({ error, onRetry, shown = () => false, nameOf }: ProblemProps) {
  const { t } = useReading();
  const retry = onRetry && (
    <div>
      <Button variant="default" size="xs" onClick={onRetry}>
        {t('common.retry')}
      </Button>
    </div>
  );
  if (error instanceof Refused)
    return (
      <Refusal problem={error.problem} shown={shown} nameOf={nameOf}>
        {retry}
      </Refusal>
    );
  const unreachable = error instanceof Unreachable;
  return (
    <Panel icon={<IconPlugConnectedX />} title={t(unreachable ? 'common.unreachable' : 'common.broken')}>
      <Text size="sm">{t(unreachable ? 'common.unreachable_remedy' : 'common.broken_remedy')}</Text>
      {unreachable && error.status !== undefined && <Text size="sm">HTTP {error.status}</Text>}
      {retry}
    </Panel>
  );
}

function Refusal({
  problem,
  shown,
  nameOf,
  children,
}: {
  problem: Problem;
  shown: (field: string) => boolean;
  nameOf: ((field: string) => string) | undefined;
  children: React.ReactNode;
}) {
  const { t, language } = useReading();
  const denied = problem.code === 'permission_missing';
  const others = (problem.errors ?? []).filter(({ field }) => !shown(field));
  return (
    <Panel icon={denied ? <IconLock /> : <IconAlertTriangle />} title={titleOf(problem, language)}>
      {language === 'en' && <Text size="sm">{problem.remedy}</Text>}
      {problem.permission !== undefined && (
        <Text size="sm">
          {t('common.permission_needed')} <Code>{problem.permission}</Code>
        </Text>
      )}
      {problem.retry_after !== undefined && (
        <Text size="sm">{t('common.retry_after', { seconds: problem.retry_after })}</Text>
      )}
      {problem.rule !== undefined && (
        <Text size="xs" c="dimmed">
          {t('common.rule')} <Code>{problem.rule}</Code>
        </Text>
      )}
      <Details problem={problem} />
      {others.length > 0 && (
        <List size="sm">
          {others.map(({ field, message, message_ja }) => (
            <List.Item key={`${field} ${message}`}>
              {field !== '' && (nameOf ? `${nameOf(field)}：` : <Code>{field}</Code>)}{' '}
              {language === 'ja' ? message_ja : message}
            </List.Item>
          ))}
        </List>
      )}
      {children}
      <Group gap="md">
        <Text size="xs" c="dimmed">
          {t('common.request_id')} <Code>{problem.request_id}</Code>
        </Text>
        <Anchor size="xs" href={`/codes/${problem.code}`} target="_blank" rel="noreferrer" underline="always">
          {t('common.about_problem')}
        </Anchor>
        <Text size="xs" c="dimmed">
          {t('common.problem_code')} <Code>{problem.code}</Code>
        </Text>
      </Group>
    </Panel>
  );
}

/** What a refusal about months and money names. */
function Details({ problem }: { problem: Problem }) {
  const { t, format } = useReading();
  const { earliest, expected, ends_at, day, meter, tax_category, number, line, characters } = problem;
  const key = `prices.meter_${meter}`;
  const facts = [
    earliest !== undefined && t('common.problem_earliest', { day: format.date(earliest) }),
    expected !== undefined && t('common.problem_expected', { month: format.month(expected) }),
    ends_at !== undefined && t('common.problem_ends_at', { at: format.minute(ends_at) }),
    day !== undefined && t('common.problem_day', { day: format.date(day) }),
    meter !== undefined && t('common.problem_meter', { meter: isTextKey(key) ? t(key) : meter }),
    tax_category !== undefined && t('common.problem_tax', { category: taxText(t, tax_category) }),
    number !== undefined && t('common.problem_number', { number }),
    line !== undefined && t('common.problem_line', { line }),
  ].filter((fact) => fact !== false);
  return (
    <>
      {facts.map((fact) => (
        <Text key={fact} size="sm">
          {fact}
        </Text>
      ))}
      {characters !== undefined && (
        <Text size="sm">
          {t('common.problem_characters')}{' '}
          {characters.map(({ character, code_point }) => (
            <Code key={code_point} mr={6}>
              {character} {code_point}
            </Code>
          ))}
        </Text>
      )}
    </>
  );
}

function taxText(t: ReturnType<typeof useReading>['t'], category: string): string {
  const key = `prices.tax_${category}`;
  return isTextKey(key) ? t(key) : category;
}

function Panel({ icon, title, children }: { icon: React.ReactNode; title: string; children: React.ReactNode }) {
  return (
    <Alert color="red" icon={icon} title={title} role="alert" styles={{ title: { color: 'var(--console-bad)' } }}>
      <Stack gap={6} c="var(--mantine-color-text)">
        {children}
      </Stack>
    </Alert>
  );
}
