import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useState, type ComponentType } from "react";
import type { ApprovalAnswer, Decision } from "../../contract/answers/approvals.ts";
import { isAtLeast, type Role } from "../../domain/role.ts";
import { useSession } from "../api/session.ts";
import { DecideDialog, WORDS } from "./dialogs/decide.tsx";
import { isAsked, type DialogProps } from "./dialogs/dialog.ts";
import { ReassignDialog, RemindDialog, ResendDialog, RevokeDialog } from "./dialogs/people.tsx";

const DECISIONS: Decision[] = ["approve", "reject", "request_changes"];

const PEOPLE: { title: string; least: Role; Dialog: ComponentType<DialogProps> }[] = [
  { title: "Remind them", least: "support", Dialog: RemindDialog },
  { title: "Send a link again", least: "support", Dialog: ResendDialog },
  { title: "Ask somebody else", least: "admin", Dialog: ReassignDialog },
  { title: "Take a place away", least: "admin", Dialog: RevokeDialog },
];

/** What whoever is signed in can do with an open approval. Each asks before it is done. */
export function Actions({ approval }: { approval: ApprovalAnswer }) {
  const { role, user } = useSession();
  const [decision, setDecision] = useState<Decision | null>(null);
  const [opened, setOpened] = useState<(typeof PEOPLE)[number] | null>(null);
  if (approval.status !== "pending") return null;
  const decides = isAtLeast(role, "admin") || (isAtLeast(role, "finance") && isAsked(approval, user));
  const people = PEOPLE.filter(({ least }) => isAtLeast(role, least));
  return (
    <>
      {decides &&
        DECISIONS.map((each) => (
          <Button
            key={each}
            variant={each === "approve" ? "filled" : "default"}
            onClick={() => setDecision(each)}
          >
            {WORDS[each].title}
          </Button>
        ))}
      {people.length > 0 && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label="More actions">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {people.map((each) => (
              <Menu.Item key={each.title} onClick={() => setOpened(each)}>
                {each.title}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {decision && (
        <DecideDialog approval={approval} opened close={() => setDecision(null)} decision={decision} />
      )}
      {opened && <opened.Dialog approval={approval} opened close={() => setOpened(null)} />}
    </>
  );
}
