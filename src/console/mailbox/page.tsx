import { Anchor, Grid, NavLink, Paper, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { read } from "../api/request.ts";
import { Empty } from "../show/empty.tsx";
import { useFilters } from "../show/filters.ts";
import { Loaded } from "../show/loaded.tsx";
import { Page } from "../show/page.tsx";
import { When } from "../show/when.tsx";
import { Mail, type MailboxMail } from "./mail.tsx";

/** No change of the mailbox is told: it is a thing of development. */
const AGAIN_MS = 2_000;

/** In development: every mail that would have been sent, as it looks on a phone and on a desk. */
export default function MailboxPage() {
  const [{ id, to = "" }, set] = useFilters();
  const [typed, setTyped] = useState(to);
  const [width, setWidth] = useState("desk");
  const query = useQuery({
    queryKey: ["mails", to],
    queryFn: ({ signal }) => read<MailboxMail[]>("/dev/mailbox.json", { to }, signal),
    refetchInterval: AGAIN_MS,
  });
  return (
    <Page title="Mailbox" lead="What would have been mailed. Links work; nothing has left this machine.">
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          set({ to: typed.trim(), id: null });
        }}
      >
        <TextInput
          aria-label="To"
          type="email"
          placeholder="All recipients"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onBlur={() => typed.trim() !== to && set({ to: typed.trim(), id: null })}
          maw={340}
        />
      </form>
      <Loaded query={query} what="mailbox">
        {(mails) => {
          const shown = mails.find((mail) => mail.id === id) ?? mails[0];
          if (!shown)
            return (
              <Empty title={to ? `No mail to ${to}` : "No mail yet"}>
                {to ? (
                  <Anchor component="button" size="sm" onClick={() => set({ to: null })}>
                    Show all
                  </Anchor>
                ) : (
                  "An order of 1,000.00 USD or more asks somebody by mail once it is paid."
                )}
              </Empty>
            );
          return (
            <Grid gap="lg">
              <Grid.Col span={{ base: 12, md: 4 }}>
                <Paper
                  withBorder
                  p={4}
                  component="nav"
                  aria-label="Mails"
                  mah="80dvh"
                  style={{ overflow: "auto" }}
                >
                  {mails.map((mail) => (
                    <NavLink
                      key={mail.id}
                      component="button"
                      label={mail.subject}
                      description={
                        <>
                          {mail.to} · <When at={mail.at} ago />
                        </>
                      }
                      active={mail.id === shown.id}
                      onClick={() => set({ id: mail.id })}
                      style={{ borderRadius: "var(--mantine-radius-md)" }}
                    />
                  ))}
                </Paper>
              </Grid.Col>
              <Grid.Col span={{ base: 12, md: 8 }}>
                <Stack gap="sm">
                  <SegmentedControl
                    aria-label="How it is shown"
                    value={width}
                    onChange={setWidth}
                    data={[
                      { value: "desk", label: "Desk" },
                      { value: "phone", label: "Phone" },
                      { value: "text", label: "Text" },
                    ]}
                    style={{ alignSelf: "flex-start" }}
                  />
                  <Mail mail={shown} as={width} />
                </Stack>
              </Grid.Col>
            </Grid>
          );
        }}
      </Loaded>
      <Text size="sm" c="dimmed">
        Set <code>SMTP_URL</code> to send mails.
      </Text>
    </Page>
  );
}
