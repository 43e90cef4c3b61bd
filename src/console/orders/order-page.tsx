import { Grid, Paper, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { OrderView } from "../../contract/answers/orders.ts";
import { read } from "../api/request.ts";
import { useSession } from "../api/session.ts";
import { useTrail } from "../api/trail.ts";
import { Amount } from "../show/amount.tsx";
import { Loaded } from "../show/loaded.tsx";
import { Page } from "../show/page.tsx";
import { StatusChip } from "../show/status-chip.tsx";
import { Actions } from "./actions.tsx";
import { ApprovalsCard } from "./approvals-card.tsx";
import { CardHelp } from "./card-help.tsx";
import { EventsCard } from "./events-card.tsx";
import { MoneyBar } from "./money-bar.tsx";
import { isPayable, NextStep } from "./next-step.tsx";
import { AboutCard, ItemsCard, PaymentCard, RefundsCard } from "./side.tsx";
import { Trail } from "./trail.tsx";
import { WayDiagram } from "./way-diagram.tsx";
import { wayOf } from "./way.ts";

const WITHIN = [{ title: "Orders", href: "/orders" }];

/** One order, live: what it waits for, the way it took, its money, and its trail. */
export default function OrderPage({ id }: { id: string }) {
  const order = useQuery({
    queryKey: ["order", id],
    queryFn: ({ signal }) => read<OrderView>(`/v1/orders/${id}`, {}, signal),
  });
  if (order.data === undefined)
    return (
      <Page title="Order" within={WITHIN}>
        <Loaded query={order} what="order">
          {() => null}
        </Loaded>
      </Page>
    );
  return <Shown order={order.data} />;
}

function Shown({ order }: { order: OrderView }) {
  const trail = useTrail(order.id, order.erased_at);
  const { provider } = useSession();
  return (
    <Page
      title={order.reference}
      aside={<StatusChip status={order.status} size="lg" />}
      actions={<Actions order={order} />}
      lead={
        <>
          <Amount {...order} />
          {order.description ? ` · ${order.description}` : ""}
        </>
      }
      within={WITHIN}
    >
      <NextStep order={order} />
      <Paper withBorder p="md">
        <WayDiagram way={wayOf(trail.data ?? [], order.status)} />
      </Paper>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="lg">
            <MoneyBar order={order} />
            <Trail order={order} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="lg">
            {provider.url && isPayable(order) && <CardHelp />}
            <AboutCard order={order} />
            <PaymentCard order={order} />
            {order.approvals.length > 0 && <ApprovalsCard approvals={order.approvals} />}
            {order.refunds.length > 0 && <RefundsCard order={order} />}
            {order.items.length > 0 && <ItemsCard order={order} />}
            <EventsCard id={order.id} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}
