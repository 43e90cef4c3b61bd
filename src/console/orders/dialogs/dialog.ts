import type { OrderView } from "../../../contract/answers/orders.ts";

/** What every dialog about an order is given. */
export interface DialogProps {
  order: OrderView;
  opened: boolean;
  close: () => void;
}

/** What an order's command changes. */
export const changesOf = ({ id }: OrderView): string[][] => [["order", id], ["orders"], ["overview"]];
