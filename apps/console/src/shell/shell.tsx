import { AppShell, Burger, Group, ScrollArea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Outlet, useLocation, useMatches } from '@tanstack/react-router';
import { useReading } from '../language';
import { Brand } from '../parts/brand';
import { Denied } from '../parts/loaded';
import { useMay } from '../session';
import { News } from './news';
import { Navigation } from './navigation';
import { Operator } from './operator';

/** Navigation at the left, the page at the right; on a narrow screen the navigation folds away. */
export function Shell() {
  const { t } = useReading();
  const may = useMay();
  const [opened, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const needed = useMatches().at(-1)?.staticData.anyOf;
  return (
    <AppShell
      header={{ height: { base: 52, md: 0 } }}
      navbar={{ width: 232, breakpoint: 'md', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', md: 'lg' }}
    >
      <News key={pathname} />
      <a href="#content" className="skip">
        {t('common.skip')}
      </a>
      <AppShell.Header hiddenFrom="md">
        <Group h="100%" px="md" gap="sm">
          <Burger
            opened={opened}
            onClick={toggle}
            size="sm"
            aria-label={t('common.navigation')}
            aria-expanded={opened}
          />
          <Brand />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label={t('common.navigation')}>
        <AppShell.Section p="md" visibleFrom="md">
          <Brand />
        </AppShell.Section>
        <AppShell.Section grow component={ScrollArea} px="xs" py="xs">
          <Navigation onGo={close} />
        </AppShell.Section>
        <AppShell.Section p="xs" style={{ borderTop: '1px solid var(--console-line)' }}>
          <Operator onGo={close} />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} style={{ outline: 'none' }}>
        {needed === undefined || needed.some(may) ? <Outlet /> : <Denied permission={needed[0]} />}
      </AppShell.Main>
    </AppShell>
  );
}
