import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useState, type ComponentType } from "react";
import type { OrderView } from "../../contract/answers/orders.ts";
import { isAtLeast, type Role } from "../../domain/role.ts";
import { useSession } from "../api/session.ts";
import { AmendDialog } from "./dialogs/amend.tsx";
import { CancelDialog } from "./dialogs/cancel.tsx";
import { CaptureDialog } from "./dialogs/capture.tsx";
import type { DialogProps } from "./dialogs/dialog.ts";
import { EraseDialog } from "./dialogs/erase.tsx";
import { FulfilDialog } from "./dialogs/fulfil.tsx";
import { NoteDialog } from "./dialogs/note.tsx";
import { refundable, RefundDialog } from "./dialogs/refund.tsx";
import { ResolveDialog } from "./dialogs/resolve.tsx";
import { ShareDialog } from "./dialogs/share.tsx";

interface Action {
  title: string;
  least: Role;
  /** Whether the order is in a state for it; the API has the last word. */
  when: (order: OrderView) => boolean;
  Dialog: ComponentType<DialogProps>;
  /** A button of its own; the others are in a menu. */
  first?: boolean;
  danger?: boolean;
}

const isOpen = ({ result }: OrderView) => result === null;
const isUncaptured = ({ payment }: OrderView) => payment.amount_captured === 0;
const holdsMoney = ({ ledger, status }: OrderView) =>
  ledger.accounts.authorization > 0 && status === "authorized";

const ACTIONS: Action[] = [
  {
    title: "Decide",
    least: "finance",
    when: ({ hold }) => hold !== null,
    Dialog: ResolveDialog,
    first: true,
  },
  { title: "Capture", least: "finance", when: holdsMoney, Dialog: CaptureDialog, first: true },
  {
    title: "Fulfil",
    least: "support",
    when: ({ status, fulfilment }) => status === "fulfilling" && fulfilment.mode === "manual",
    Dialog: FulfilDialog,
    first: true,
  },
  {
    title: "Refund",
    least: "finance",
    when: (order) => refundable(order) > 0,
    Dialog: RefundDialog,
    first: true,
  },
  { title: "Add a note", least: "support", when: () => true, Dialog: NoteDialog, first: true },
  { title: "Change", least: "finance", when: (o) => isOpen(o) && isUncaptured(o), Dialog: AmendDialog },
  { title: "Share the timeline", least: "viewer", when: () => true, Dialog: ShareDialog },
  {
    title: "Cancel the order",
    least: "finance",
    when: (order) => isOpen(order) && isUncaptured(order),
    Dialog: CancelDialog,
    danger: true,
  },
  {
    title: "Erase personal data",
    least: "admin",
    when: (order) => !isOpen(order) && order.erased_at === null,
    Dialog: EraseDialog,
    danger: true,
  },
];

/** What can be done with the order as it is, by whoever is signed in. Each asks before it is done. */
export function Actions({ order }: { order: OrderView }) {
  const { role } = useSession();
  const [open, setOpen] = useState<Action | null>(null);
  const offered = ACTIONS.filter(({ least, when }) => isAtLeast(role, least) && when(order));
  const rest = offered.filter(({ first }) => !first);
  return (
    <>
      {offered
        .filter(({ first }) => first)
        .map((action) => (
          <Button key={action.title} variant="default" onClick={() => setOpen(action)}>
            {action.title}
          </Button>
        ))}
      {rest.length > 0 && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label="More actions">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {rest.map((action) => (
              <Menu.Item
                key={action.title}
                {...(action.danger ? { c: "var(--mantine-color-error)" } : {})}
                onClick={() => setOpen(action)}
              >
                {action.title}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {open && <open.Dialog order={order} opened close={() => setOpen(null)} />}
    </>
  );
}
