import { Anchor, List, Paper, Stack, Text, Title } from "@mantine/core";
import { When } from "../show/when.tsx";
import classes from "./mail.module.css";

/** One of `GET /dev/mailbox.json`. */
export interface MailboxMail {
  id: string;
  to: string;
  subject: string;
  text: string;
  links: string[];
  at: string;
}

/** One mail: in a frame of its own as a mail program shows it, or its plain text; below it its links. */
export const Mail = ({
  mail: { id, to, subject, text, links, at },
  as,
}: {
  mail: MailboxMail;
  as: string;
}) => (
  <Paper withBorder p="md" component="article" aria-label={subject}>
    <Stack gap="sm">
      <div>
        <Title order={2} size="h5">
          {subject}
        </Title>
        <Text size="sm" c="dimmed">
          To {to} · <When at={at} />
        </Text>
      </div>
      {as === "text" ? (
        <pre className={classes["text"]}>{text}</pre>
      ) : (
        <iframe
          key={id}
          src={`/dev/mailbox/${encodeURIComponent(id)}`}
          title={`${subject}, as it looks`}
          className={classes["frame"]}
          style={{ maxWidth: as === "phone" ? 375 : "100%" }}
          sandbox="allow-popups allow-popups-to-escape-sandbox"
        />
      )}
      {links.length > 0 && (
        <List size="sm" aria-label="Links in it">
          {[...new Set(links)].map((link) => (
            <List.Item key={link}>
              <Anchor
                href={link}
                target="_blank"
                rel="noreferrer"
                size="sm"
                style={{ overflowWrap: "anywhere" }}
              >
                {link}
              </Anchor>
            </List.Item>
          ))}
        </List>
      )}
    </Stack>
  </Paper>
);
