import { AppShell, Badge, Burger, Group, NavLink, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import type { OverviewAnswer } from "../../contract/answers/overview.ts";
import { useChanges } from "../api/changes.ts";
import { read } from "../api/request.ts";
import { useSession } from "../api/session.ts";
import { Account } from "./account.tsx";
import { ConnectionMark } from "./connection.tsx";
import { Logo } from "./logo.tsx";
import { MAILBOX, PLACES } from "./places.ts";

/** Around every page: where one can go, whether what is shown is live, and who is signed in. */
export function Frame({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const [path] = useLocation();
  const { mailbox, environment } = useSession();
  const connection = useChanges();
  const main = useFocusOnNewPage(path);
  const { data: overview } = useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => read<OverviewAnswer>("/v1/overview", {}, signal),
  });
  const places = mailbox ? [...PLACES, MAILBOX] : PLACES;
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 216, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? "Close the navigation" : "Open the navigation"}
            />
            <Link href="/orders" className="brand">
              <Logo />
              <Text fw={650}>Countersign</Text>
            </Link>
            {environment === "development" && (
              <Badge variant="default" radius="sm" tt="none" visibleFrom="xs">
                Development
              </Badge>
            )}
          </Group>
          <Group gap="sm" wrap="nowrap">
            <ConnectionMark connection={connection} />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
        {places.map(({ title, href, Icon }) => (
          <NavLink
            key={href}
            component={Link}
            href={href}
            label={title}
            leftSection={<Icon size={18} aria-hidden />}
            active={path === href || path.startsWith(`${href}/`)}
            {...(path === href ? { "aria-current": "page" as const } : {})}
            onClick={close}
            rightSection={href === "/approvals" ? <Waiting count={overview?.approvals.open ?? 0} /> : null}
            style={{ borderRadius: "var(--mantine-radius-md)" }}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1}>
        <div className="page">{children}</div>
      </AppShell.Main>
    </AppShell>
  );
}

const Waiting = ({ count }: { count: number }) =>
  count === 0 ? null : (
    <Badge size="sm" variant="light" color="yellow" aria-label={`${count} open`}>
      {count}
    </Badge>
  );

/** Who reads by ear or by keyboard begins at the new page, as after a page load. */
function useFocusOnNewPage(path: string) {
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);
  return main;
}
