import { useCommand } from "../../api/command.ts";
import { changesOf, type DialogProps } from "./dialog.ts";

/** Sends a message on one of the order's topics. */
export const useMessage = <Message>(
  { order, close }: Pick<DialogProps, "order" | "close">,
  topic: string,
  said: string,
) =>
  useCommand<Message>({
    path: `/v1/orders/${order.id}/messages`,
    body: (message) => ({ topic, message }),
    changes: changesOf(order),
    said,
    done: close,
  });
