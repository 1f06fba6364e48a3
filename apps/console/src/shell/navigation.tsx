import { Stack, Text } from '@mantine/core';
import {
  IconArchive,
  IconBuilding,
  IconCalendarCheck,
  IconCertificate,
  IconChecklist,
  IconCoinYen,
  IconFileInvoice,
  IconHistory,
  IconLayoutDashboard,
  IconListDetails,
  IconRefreshAlert,
  IconUserCheck,
  IconServerCog,
  IconShieldCheck,
  IconUsers,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, type LinkProps, useLocation } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { waitingCount } from '../approvals';
import { useReading } from '../language';
import { type Permission, useMay } from '../session';
import type { TextKey } from '../texts';

interface Entry {
  to: LinkProps['to'];
  text: TextKey;
  icon: ComponentType<{ size: number; stroke: number }>;
  permission?: Permission;
}

const GROUPS: readonly { text?: TextKey; entries: readonly Entry[] }[] = [
  { entries: [{ to: '/', text: 'overview.title', icon: IconLayoutDashboard }] },
  {
    text: 'common.nav_customers',
    entries: [
      { to: '/tenants', text: 'tenants.title', icon: IconBuilding, permission: 'tenants:read' },
      { to: '/approvals', text: 'approvals.title', icon: IconChecklist, permission: 'approvals:read' },
    ],
  },
  {
    text: 'common.nav_checks',
    entries: [
      { to: '/verifications', text: 'verifications.title', icon: IconShieldCheck, permission: 'verifications:read' },
      { to: '/inspector', text: 'inspector.title', icon: IconCertificate, permission: 'certificates:read' },
      { to: '/revocation', text: 'revocation.title', icon: IconRefreshAlert, permission: 'revocation:read' },
      { to: '/sweeps', text: 'sweeps.title', icon: IconUserCheck, permission: 'sweeps:read' },
    ],
  },
  {
    text: 'common.nav_billing',
    entries: [
      { to: '/months', text: 'months.title', icon: IconCalendarCheck, permission: 'billing:read' },
      { to: '/statements', text: 'statements.title', icon: IconListDetails, permission: 'billing:read' },
      { to: '/invoices', text: 'invoices.title', icon: IconFileInvoice, permission: 'billing:read' },
      { to: '/prices', text: 'prices.title', icon: IconCoinYen, permission: 'billing:read' },
    ],
  },
  {
    text: 'common.nav_control',
    entries: [
      { to: '/audit', text: 'audit.title', icon: IconHistory, permission: 'audit:read' },
      { to: '/holds', text: 'holds.title', icon: IconArchive, permission: 'retention:read' },
      { to: '/operators', text: 'operators.title', icon: IconUsers, permission: 'operators:read' },
      { to: '/system', text: 'system.title', icon: IconServerCog, permission: 'system:read' },
    ],
  },
];

/** The pages that the operator may see. */
export function Navigation({ onGo }: { onGo: () => void }) {
  const { t } = useReading();
  const may = useMay();
  const { pathname } = useLocation();
  return (
    <Stack gap={7}>
      {GROUPS.map(({ text, entries }) => {
        const seen = entries.filter(({ permission }) => permission === undefined || may(permission));
        return seen.length === 0 ? null : (
          <Stack key={text ?? '/'} gap={0}>
            {text && (
              <Text size="xs" c="dimmed" px={10}>
                {t(text)}
              </Text>
            )}
            {seen.map(({ to, text: name, icon: Icon }) => (
              <Link key={to} to={to} className="nav-link" activeOptions={{ exact: to === '/' }} onClick={onGo}>
                <Icon size={18} stroke={1.7} aria-hidden />
                <span style={{ flex: 1 }}>{t(name)}</span>
                {to === '/approvals' && <Waiting key={pathname} />}
              </Link>
            ))}
          </Stack>
        );
      })}
    </Stack>
  );
}

/** How many proposals the operator may decide; asked anew with each page, because others decide too. */
function Waiting() {
  const { t, format } = useReading();
  const { data } = useQuery({ ...waitingCount, refetchOnMount: 'always' });
  if (!data || data.decidable === 0) return null;
  const count = format.number(data.decidable);
  return (
    <span className="state numbers" data-tone="warn">
      <span aria-hidden>{count}</span>
      <span className="skip">{t('approvals.waiting_count', { count })}</span>
    </span>
  );
}
