import { Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core';
import { Link, type LinkProps, useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { useReading } from '../language';
import { TestClock } from './test-clock';

type Crumb =
  | { label: string; to: LinkProps['to'] }
  /** A page that is of one mode at a time. */
  | { label: string; tenantId: string; tab: string }
  | { label: string; to: '/months' | '/statements' | '/invoices'; mode: string | undefined; tab?: string };

interface PageProps {
  title: string;
  /** The way here, without this page. */
  crumbs?: readonly Crumb[];
  /** Beside the title: states. */
  beside?: ReactNode;
  /** One line below the title. */
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: where one is, what it is called, what can be done. */
export function Page({ title, crumbs = [], beside, lead, actions, children }: PageProps) {
  const { t } = useReading();
  const { mode } = useParams({ strict: false });
  useEffect(() => {
    document.title = `${title} · Shomei`;
  }, [title]);
  return (
    <Stack gap="md" maw={1320}>
      <Group justify="space-between" align="flex-end" gap="sm">
        <Stack gap={4}>
          {crumbs.length > 0 && (
            <nav aria-label={t('common.breadcrumb')}>
              <Breadcrumbs className="breadcrumbs" fz="xs" separatorMargin={6}>
                {crumbs.map((crumb) =>
                  'mode' in crumb ? (
                    <Link key={crumb.label} to={crumb.to} search={{ mode: crumb.mode, tab: crumb.tab }}>
                      {crumb.label}
                    </Link>
                  ) : 'tenantId' in crumb ? (
                    <Link
                      key={crumb.label}
                      to="/tenants/$tenantId"
                      params={{ tenantId: crumb.tenantId }}
                      search={{ tab: crumb.tab }}
                    >
                      {crumb.label}
                    </Link>
                  ) : (
                    <Link key={crumb.label} to={crumb.to}>
                      {crumb.label}
                    </Link>
                  ),
                )}
              </Breadcrumbs>
            </nav>
          )}
          <Group gap="sm">
            <Title order={1}>{title}</Title>
            {beside}
            {mode === 'test' && <TestClock />}
          </Group>
          {lead !== undefined && (
            <Text size="sm" c="dimmed" component="div">
              {lead}
            </Text>
          )}
        </Stack>
        <Group gap="xs">{actions}</Group>
      </Group>
      {children}
    </Stack>
  );
}

/** A part of a page with a heading of its own. */
export function Panel({
  title,
  actions,
  children,
  padded = false,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  padded?: boolean;
}) {
  return (
    <section className="panel" aria-label={title}>
      <Group className="panel-title" justify="space-between" gap="xs" mih={45}>
        <Title order={2}>{title}</Title>
        {actions !== undefined && (
          <Group gap="xs" fz="sm">
            {actions}
          </Group>
        )}
      </Group>
      {padded ? <Stack p="md">{children}</Stack> : children}
    </section>
  );
}

/** Names and what they stand for. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
    </dl>
  );
}
