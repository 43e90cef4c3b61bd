import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import { Link } from "wouter";

interface PageProps {
  title: string;
  /** Beside the title, such as a status. */
  aside?: ReactNode;
  /** Buttons at the right. */
  actions?: ReactNode;
  /** One line below the title. */
  lead?: ReactNode;
  /** Where this page belongs, outermost first. */
  within?: { title: string; href: string }[];
  children: ReactNode;
}

/** A page's frame: one heading, the document's title, where it belongs. */
export function Page({ title, aside, actions, lead, within, children }: PageProps) {
  useDocumentTitle(`${title} · Countersign`);
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        {within && (
          <Breadcrumbs separatorMargin={6}>
            {within.map(({ title, href }) => (
              <Anchor key={href} component={Link} href={href} size="sm">
                {title}
              </Anchor>
            ))}
          </Breadcrumbs>
        )}
        <Group justify="space-between" align="flex-start" gap="sm">
          <Group gap="sm" align="center" style={{ minWidth: 0 }}>
            <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
              {title}
            </Title>
            {aside}
          </Group>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
        {lead && (
          <Text component="div" c="dimmed" size="sm">
            {lead}
          </Text>
        )}
      </Stack>
      {children}
    </Stack>
  );
}
