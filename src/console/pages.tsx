import { Center, Loader } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { Empty } from "./show/empty.tsx";

const OrdersPage = lazy(() => import("./orders/list-page.tsx"));
const NewOrderPage = lazy(() => import("./orders/new-page.tsx"));
const OrderPage = lazy(() => import("./orders/order-page.tsx"));
const ApprovalsPage = lazy(() => import("./approvals/list-page.tsx"));
const ApprovalPage = lazy(() => import("./approvals/approval-page.tsx"));
const WebhooksPage = lazy(() => import("./webhooks/list-page.tsx"));
const WebhookPage = lazy(() => import("./webhooks/webhook-page.tsx"));
const EndpointsPage = lazy(() => import("./endpoints/list-page.tsx"));
const EndpointPage = lazy(() => import("./endpoints/endpoint-page.tsx"));
const ReconciliationsPage = lazy(() => import("./reconciliations/page.tsx"));
const HealthPage = lazy(() => import("./health/page.tsx"));
const MailboxPage = lazy(() => import("./mailbox/page.tsx"));

/** Every page and its URL; `src/http/console.ts` answers the same ones. */
export const Pages = () => (
  <Suspense
    fallback={
      <Center p="xl">
        <Loader aria-label="Loading the page" />
      </Center>
    }
  >
    <Switch>
      <Route path="/">
        <Redirect to="/orders" replace />
      </Route>
      <Route path="/sign-in">
        <Redirect to="/orders" replace />
      </Route>
      <Route path="/orders" component={OrdersPage} />
      <Route path="/orders/new" component={NewOrderPage} />
      <Route path="/orders/:id">{({ id }) => <OrderPage key={id} id={id} />}</Route>
      <Route path="/approvals" component={ApprovalsPage} />
      <Route path="/approvals/:id">{({ id }) => <ApprovalPage key={id} id={id} />}</Route>
      <Route path="/webhooks" component={WebhooksPage} />
      <Route path="/webhooks/:id">{({ id }) => <WebhookPage key={id} id={id} />}</Route>
      <Route path="/endpoints" component={EndpointsPage} />
      <Route path="/endpoints/:id">{({ id }) => <EndpointPage key={id} id={id} />}</Route>
      <Route path="/reconciliations" component={ReconciliationsPage} />
      <Route path="/health" component={HealthPage} />
      <Route path="/mailbox" component={MailboxPage} />
      <Route>
        <Empty title="There is no such page">The navigation leads to those that there are.</Empty>
      </Route>
    </Switch>
  </Suspense>
);
