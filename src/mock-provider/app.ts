import Router from "@koa/router";
import Koa from "koa";
import * as authorizations from "./authorizations.ts";
import * as balance from "./balance.ts";
import type { Endpoint, World } from "./call.ts";
import * as prices from "./prices.ts";
import * as products from "./products.ts";
import * as charges from "./charge-endpoints.ts";
import * as checkout from "./checkout-payment.ts";
import * as sessions from "./checkout-sessions.ts";
import { controls } from "./controls.ts";
import * as customers from "./customers.ts";
import * as disputes from "./disputes.ts";
import { mount, type Method } from "./endpoint.ts";
import * as endpoints from "./webhook-endpoints.ts";
import { noKey, unknownUrl } from "./errors.ts";
import * as events from "./events.ts";
import { pages } from "./pages/routes.ts";
import * as payments from "./payment-intents.ts";
import * as methods from "./payment-methods.ts";
import * as refunds from "./refunds.ts";
import * as saved from "./saved-methods.ts";
import * as setups from "./setup-intents.ts";

const V1: readonly (readonly [Method, string, Endpoint])[] = [
  ["post", "/payment_intents", payments.createPaymentIntent],
  ["get", "/payment_intents", payments.listPaymentIntents],
  ["get", "/payment_intents/:id", payments.retrievePaymentIntent],
  ["post", "/payment_intents/:id", payments.updatePaymentIntent],
  ["post", "/payment_intents/:id/confirm", payments.confirmPaymentIntent],
  ["post", "/payment_intents/:id/capture", authorizations.capturePaymentIntent],
  ["post", "/payment_intents/:id/cancel", authorizations.cancelPaymentIntent],
  ["post", "/checkout/sessions", sessions.createSession],
  ["get", "/checkout/sessions", sessions.listSessions],
  ["get", "/checkout/sessions/:id", sessions.retrieveSession],
  ["post", "/checkout/sessions/:id", sessions.updateSession],
  ["post", "/checkout/sessions/:id/expire", sessions.expireSession],
  ["get", "/checkout/sessions/:id/line_items", sessions.listLineItems],
  ["get", "/payment_pages/:id", checkout.retrievePaymentPage],
  ["post", "/payment_pages/:id/confirm", checkout.confirmPaymentPage],
  ["post", "/payment_methods", methods.createPaymentMethod],
  ["get", "/payment_methods", saved.listPaymentMethods],
  ["get", "/payment_methods/:id", saved.retrievePaymentMethod],
  ["post", "/payment_methods/:id", saved.updatePaymentMethod],
  ["post", "/payment_methods/:id/attach", saved.attachPaymentMethod],
  ["post", "/payment_methods/:id/detach", saved.detachPaymentMethod],
  ["post", "/setup_intents", setups.createSetupIntent],
  ["get", "/setup_intents", setups.listSetupIntents],
  ["get", "/setup_intents/:id", setups.retrieveSetupIntent],
  ["post", "/setup_intents/:id", setups.updateSetupIntent],
  ["post", "/setup_intents/:id/confirm", setups.confirmSetupIntent],
  ["post", "/setup_intents/:id/cancel", setups.cancelSetupIntent],
  ["get", "/charges", charges.listCharges],
  ["get", "/charges/:id", charges.retrieveCharge],
  ["post", "/charges/:id", charges.updateCharge],
  ["post", "/charges/:id/capture", charges.captureChargeDirectly],
  ["post", "/refunds", refunds.createRefund],
  ["get", "/refunds", refunds.listRefunds],
  ["get", "/refunds/:id", refunds.retrieveRefund],
  ["post", "/refunds/:id", refunds.updateRefund],
  ["post", "/refunds/:id/cancel", refunds.cancelRefund],
  ["get", "/disputes", disputes.listDisputes],
  ["get", "/disputes/:id", disputes.retrieveDispute],
  ["post", "/disputes/:id", disputes.updateDispute],
  ["post", "/disputes/:id/close", disputes.closeDispute],
  ["get", "/events", events.listEvents],
  ["get", "/events/:id", events.retrieveEvent],
  ["post", "/events/:id/retry", events.retryEvent],
  ["post", "/webhook_endpoints", endpoints.createEndpoint],
  ["get", "/webhook_endpoints", endpoints.listEndpoints],
  ["get", "/webhook_endpoints/:id", endpoints.retrieveEndpoint],
  ["post", "/webhook_endpoints/:id", endpoints.updateEndpoint],
  ["delete", "/webhook_endpoints/:id", endpoints.deleteEndpoint],
  ["get", "/balance", balance.retrieveBalance],
  ["get", "/balance_transactions", balance.listTransactions],
  ["get", "/balance_transactions/:id", balance.retrieveTransaction],
  ["post", "/customers", customers.createCustomer],
  ["get", "/customers", customers.listCustomers],
  ["get", "/customers/:id", customers.retrieveCustomer],
  ["post", "/customers/:id", customers.updateCustomer],
  ["delete", "/customers/:id", customers.deleteCustomer],
  ["post", "/products", products.createProduct],
  ["get", "/products", products.listProducts],
  ["get", "/products/:id", products.retrieveProduct],
  ["post", "/products/:id", products.updateProduct],
  ["delete", "/products/:id", products.deleteProduct],
  ["post", "/prices", prices.createPrice],
  ["get", "/prices", prices.listPrices],
  ["get", "/prices/:id", prices.retrievePrice],
  ["post", "/prices/:id", prices.updatePrice],
];

/** The whole provider over HTTP: Stripe's API under `/v1`, the controls under `/_mock`, pages for people elsewhere. */
export function createApp(world: World): Koa {
  const app = new Koa();
  const api = new Router({ prefix: "/v1" });
  for (const [method, path, endpoint] of V1) mount(api, world, method, path, endpoint);
  const control = controls(world);
  const people = pages(world);
  app.use(api.routes());
  app.use(control.routes());
  app.use(people.routes());
  app.use((ctx) => {
    const error =
      ctx.get("Authorization") === "" && ctx.path.startsWith("/v1/")
        ? noKey()
        : unknownUrl(ctx.method, ctx.path);
    ctx.status = error.status;
    ctx.body = { error: error.body };
  });
  return app;
}
