import * as authorizations from "./authorizations.ts";
import * as balance from "./balance.ts";
import type { Endpoint } from "./call.ts";
import * as charges from "./charge-endpoints.ts";
import * as checkout from "./checkout-payment.ts";
import * as sessions from "./checkout-sessions.ts";
import { createSession } from "./create-session.ts";
import * as coupons from "./coupons.ts";
import * as customers from "./customers.ts";
import * as disputes from "./disputes.ts";
import type { Method, Route } from "./endpoint.ts";
import * as events from "./events.ts";
import * as increments from "./increments.ts";
import * as payments from "./payment-intents.ts";
import * as methods from "./payment-methods.ts";
import * as prices from "./prices.ts";
import * as products from "./products.ts";
import * as refunds from "./refunds.ts";
import * as saved from "./saved-methods.ts";
import * as sources from "./sources.ts";
import * as setups from "./setup-intents.ts";
import * as endpoints from "./webhook-endpoints.ts";

type Row = readonly [Method, string, Endpoint, string | null, string | null, "browser"?];

/** Every endpoint: path, what answers, what it takes (a line of `parameters.txt`), what it answers with. */
const V1: readonly Row[] = [
  ["post", "/payment_intents", payments.createPaymentIntent, "PaymentIntentCreateParams", "payment_intent"],
  ["get", "/payment_intents", payments.listPaymentIntents, "PaymentIntentListParams", "payment_intent*"],
  [
    "get",
    "/payment_intents/:id",
    payments.retrievePaymentIntent,
    "PaymentIntentRetrieveParams",
    "payment_intent",
    "browser",
  ],
  [
    "post",
    "/payment_intents/:id",
    payments.updatePaymentIntent,
    "PaymentIntentUpdateParams",
    "payment_intent",
  ],
  [
    "post",
    "/payment_intents/:id/confirm",
    payments.confirmPaymentIntent,
    "PaymentIntentConfirmParams",
    "payment_intent",
    "browser",
  ],
  [
    "post",
    "/payment_intents/:id/capture",
    authorizations.capturePaymentIntent,
    "PaymentIntentCaptureParams",
    "payment_intent",
  ],
  [
    "post",
    "/payment_intents/:id/cancel",
    authorizations.cancelPaymentIntent,
    "PaymentIntentCancelParams",
    "payment_intent",
  ],
  [
    "post",
    "/payment_intents/:id/increment_authorization",
    increments.incrementAuthorization,
    "PaymentIntentIncrementAuthorizationParams",
    "payment_intent",
  ],
  ["post", "/checkout/sessions", createSession, "SessionCreateParams", "checkout.session"],
  ["get", "/checkout/sessions", sessions.listSessions, "SessionListParams", "checkout.session*"],
  ["get", "/checkout/sessions/:id", sessions.retrieveSession, "SessionRetrieveParams", "checkout.session"],
  ["post", "/checkout/sessions/:id", sessions.updateSession, "SessionUpdateParams", "checkout.session"],
  [
    "post",
    "/checkout/sessions/:id/expire",
    sessions.expireSession,
    "SessionExpireParams",
    "checkout.session",
  ],
  ["get", "/checkout/sessions/:id/line_items", sessions.listLineItems, "SessionListLineItemsParams", "item*"],
  ["get", "/payment_pages/:id", checkout.retrievePaymentPage, null, null, "browser"],
  ["post", "/payment_pages/:id/confirm", checkout.confirmPaymentPage, null, null, "browser"],
  [
    "post",
    "/payment_methods",
    methods.createPaymentMethod,
    "PaymentMethodCreateParams",
    "payment_method",
    "browser",
  ],
  ["get", "/payment_methods", saved.listPaymentMethods, "PaymentMethodListParams", "payment_method*"],
  [
    "get",
    "/payment_methods/:id",
    saved.retrievePaymentMethod,
    "PaymentMethodRetrieveParams",
    "payment_method",
  ],
  ["post", "/payment_methods/:id", saved.updatePaymentMethod, "PaymentMethodUpdateParams", "payment_method"],
  [
    "post",
    "/payment_methods/:id/attach",
    saved.attachPaymentMethod,
    "PaymentMethodAttachParams",
    "payment_method",
  ],
  [
    "post",
    "/payment_methods/:id/detach",
    saved.detachPaymentMethod,
    "PaymentMethodDetachParams",
    "payment_method",
  ],
  ["post", "/setup_intents", setups.createSetupIntent, "SetupIntentCreateParams", "setup_intent"],
  ["get", "/setup_intents", setups.listSetupIntents, "SetupIntentListParams", "setup_intent*"],
  [
    "get",
    "/setup_intents/:id",
    setups.retrieveSetupIntent,
    "SetupIntentRetrieveParams",
    "setup_intent",
    "browser",
  ],
  ["post", "/setup_intents/:id", setups.updateSetupIntent, "SetupIntentUpdateParams", "setup_intent"],
  [
    "post",
    "/setup_intents/:id/confirm",
    setups.confirmSetupIntent,
    "SetupIntentConfirmParams",
    "setup_intent",
    "browser",
  ],
  ["post", "/setup_intents/:id/cancel", setups.cancelSetupIntent, "SetupIntentCancelParams", "setup_intent"],
  ["get", "/charges", charges.listCharges, "ChargeListParams", "charge*"],
  ["get", "/charges/:id", charges.retrieveCharge, "ChargeRetrieveParams", "charge"],
  ["post", "/charges/:id", charges.updateCharge, "ChargeUpdateParams", "charge"],
  ["post", "/charges/:id/capture", charges.captureChargeDirectly, "ChargeCaptureParams", "charge"],
  ["get", "/charges/:id/refunds", refunds.listRefundsOfCharge, "RefundListParams", "refund*"],
  ["get", "/charges/:id/refunds/:refund", refunds.retrieveRefundOfCharge, "RefundRetrieveParams", "refund"],
  ["post", "/refunds", refunds.createRefund, "RefundCreateParams", "refund"],
  ["get", "/refunds", refunds.listRefunds, "RefundListParams", "refund*"],
  ["get", "/refunds/:id", refunds.retrieveRefund, "RefundRetrieveParams", "refund"],
  ["post", "/refunds/:id", refunds.updateRefund, "RefundUpdateParams", "refund"],
  ["post", "/refunds/:id/cancel", refunds.cancelRefund, "RefundCancelParams", "refund"],
  ["get", "/disputes", disputes.listDisputes, "DisputeListParams", "dispute*"],
  ["get", "/disputes/:id", disputes.retrieveDispute, "DisputeRetrieveParams", "dispute"],
  ["post", "/disputes/:id", disputes.updateDispute, "DisputeUpdateParams", "dispute"],
  ["post", "/disputes/:id/close", disputes.closeDispute, "DisputeCloseParams", "dispute"],
  ["get", "/events", events.listEvents, null, "event*"],
  ["get", "/events/:id", events.retrieveEvent, null, "event"],
  ["post", "/events/:id/retry", events.retryEvent, null, "event"],
  ["post", "/webhook_endpoints", endpoints.createEndpoint, null, "webhook_endpoint"],
  ["get", "/webhook_endpoints", endpoints.listEndpoints, null, "webhook_endpoint*"],
  ["get", "/webhook_endpoints/:id", endpoints.retrieveEndpoint, null, "webhook_endpoint"],
  ["post", "/webhook_endpoints/:id", endpoints.updateEndpoint, null, "webhook_endpoint"],
  ["delete", "/webhook_endpoints/:id", endpoints.deleteEndpoint, null, "webhook_endpoint"],
  ["get", "/balance", balance.retrieveBalance, "BalanceRetrieveParams", "balance"],
  [
    "get",
    "/balance_transactions",
    balance.listTransactions,
    "BalanceTransactionListParams",
    "balance_transaction*",
  ],
  [
    "get",
    "/balance_transactions/:id",
    balance.retrieveTransaction,
    "BalanceTransactionRetrieveParams",
    "balance_transaction",
  ],
  ["post", "/customers", customers.createCustomer, "CustomerCreateParams", "customer"],
  ["get", "/customers", customers.listCustomers, "CustomerListParams", "customer*"],
  ["get", "/customers/:id", customers.retrieveCustomer, "CustomerRetrieveParams", "customer"],
  ["post", "/customers/:id", customers.updateCustomer, "CustomerUpdateParams", "customer"],
  ["delete", "/customers/:id", customers.deleteCustomer, "CustomerDeleteParams", "customer"],
  ["delete", "/customers/:id/discount", coupons.deleteDiscount, "CustomerDeleteDiscountParams", null],
  ["post", "/customers/:id/sources", sources.createSource, "CustomerCreateSourceParams", null],
  ["get", "/customers/:id/sources", sources.listSources, "CustomerListSourcesParams", null],
  ["get", "/customers/:id/sources/:source", sources.retrieveSource, "CustomerRetrieveSourceParams", null],
  ["post", "/customers/:id/sources/:source", sources.updateSource, "CustomerUpdateSourceParams", null],
  ["delete", "/customers/:id/sources/:source", sources.deleteSource, "CustomerDeleteSourceParams", null],
  [
    "get",
    "/customers/:id/payment_methods",
    saved.listMethodsOfCustomer,
    "CustomerListPaymentMethodsParams",
    "payment_method*",
  ],
  [
    "get",
    "/customers/:id/payment_methods/:method",
    saved.retrieveMethodOfCustomer,
    "CustomerRetrievePaymentMethodParams",
    "payment_method",
  ],
  ["post", "/coupons", coupons.createCoupon, "CouponCreateParams", "coupon"],
  ["get", "/coupons", coupons.listCoupons, "CouponListParams", "coupon*"],
  ["get", "/coupons/:id", coupons.retrieveCoupon, "CouponRetrieveParams", "coupon"],
  ["post", "/coupons/:id", coupons.updateCoupon, "CouponUpdateParams", "coupon"],
  ["delete", "/coupons/:id", coupons.deleteCoupon, "CouponDeleteParams", "coupon"],
  ["post", "/products", products.createProduct, "ProductCreateParams", "product"],
  ["get", "/products", products.listProducts, "ProductListParams", "product*"],
  ["get", "/products/:id", products.retrieveProduct, "ProductRetrieveParams", "product"],
  ["post", "/products/:id", products.updateProduct, "ProductUpdateParams", "product"],
  ["delete", "/products/:id", products.deleteProduct, "ProductDeleteParams", "product"],
  ["post", "/prices", prices.createPrice, "PriceCreateParams", "price"],
  ["get", "/prices", prices.listPrices, "PriceListParams", "price*"],
  ["get", "/prices/:id", prices.retrievePrice, "PriceRetrieveParams", "price"],
  ["post", "/prices/:id", prices.updatePrice, "PriceUpdateParams", "price"],
];

export const ROUTES: readonly Route[] = V1.map(([method, path, endpoint, params, answers, who]) => ({
  method,
  path,
  endpoint,
  params,
  answers,
  publishable: who === "browser",
}));
