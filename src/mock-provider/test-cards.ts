import { DECLINES, type Decline } from "./declines.ts";

/** What a test card does, https://docs.stripe.com/testing. */
export interface Card {
  number: string;
  brand: string;
  country: string;
  funding: "credit" | "debit" | "prepaid";
  /** The names of `pm_card_…` and `tok_…`, without the prefix. */
  names: readonly string[];
  decline?: Decline;
  /** When its owner is asked: for every payment, until the card was set up, only on session, or only when asked for. */
  authenticate?: "always" | "until_set_up" | "on_session" | "optional";
  /** Fails when the challenge page is loaded, whatever the person does. */
  challengeFails?: boolean;
  /** Can be saved, and declines when it is charged. */
  attachable?: boolean;
  /** What the bank says of address and security code, where they are given. */
  checks?: { line1?: Check; postal?: Check; cvc?: Check };
  risk?: "elevated" | "highest";
  dispute?: "fraudulent" | "product_not_received" | "inquiry" | "twice" | "noncompliant";
  refund?: "pending" | "fails";
  availableAtOnce?: boolean;
}
export type Check = "pass" | "fail" | "unavailable" | "unchecked";

const card = (number: string, brand: string, names: string, more: Partial<Card> = {}): Card => ({
  number,
  brand,
  country: "US",
  funding: "credit",
  names: names === "" ? [] : names.split(" "),
  ...more,
});
const visa = (number: string, names: string, more: Partial<Card> = {}) => card(number, "visa", names, more);
/** `visa_chargeDeclined` and `chargeDeclined` are one card. */
const declining = (number: string, name: string, decline: Decline) =>
  visa(number, `visa_${name} ${name}`, { decline });

/** One card of each country, all Visa credit cards. */
const COUNTRIES = `
  ar:4000000320000021 br:4000000760000002 ca:4000001240000000 cl:4000001520000001 co:4000001700000003
  cr:4000001880000005 ec:4000002180000000 mx:4000004840008001 pa:4000005910000000 py:4000006000000066
  pe:4000006040000068 uy:4000008580000003 ae:4000007840000001 at:4000000400000008 be:4000000560000004
  bg:4000001000000000 by:4000001120000005 hr:4000001910000009 cy:4000001960000008 cz:4000002030000002
  dk:4000002080000001 ee:4000002330000009 fi:4000002460000001 fr:4000002500000003 de:4000002760000016
  gi:4000002920000005 gr:4000003000000030 hu:4000003480000005 ie:4000003720000005 it:4000003800000008
  lv:4000004280000005 li:4000004380000004 lt:4000004400000000 lu:4000004420000006 mt:4000004700000007
  nl:4000005280000002 no:4000005780000007 pl:4000006160000005 pt:4000006200000007 ro:4000006420000001
  sa:4000006820000007 si:4000007050000006 sk:4000007030000001 es:4000007240000007 se:4000007520000008
  ch:4000007560000009 gb:4000008260000000 au:4000000360000006 cn:4000001560000002 hk:4000003440000004
  in:4000003560000008 jp:4000003920000003 my:4000004580000002 nz:4000005540000008 sg:4000007020000003
  tw:4000001580000008`;

const ofCountries = COUNTRIES.trim()
  .split(/\s+/)
  .map((each) => each.split(":"))
  .map(([country = "", number = ""]) => visa(number, country, { country: country.toUpperCase() }));

const BRANDS: readonly Card[] = [
  visa("4242424242424242", "visa us"),
  visa("4000056655665556", "visa_debit", { funding: "debit" }),
  card("5555555555554444", "mastercard", "mastercard"),
  card("2223003122003222", "mastercard", ""),
  card("5200828282828210", "mastercard", "mastercard_debit", { funding: "debit" }),
  card("5105105105105100", "mastercard", "mastercard_prepaid", { funding: "prepaid" }),
  card("378282246310005", "amex", "amex amex_threeDSecureNotSupported"),
  card("371449635398431", "amex", ""),
  card("6011111111111117", "discover", "discover"),
  card("6011000990139424", "discover", ""),
  card("6011981111111113", "discover", "discover_debit", { funding: "debit" }),
  card("3056930009020004", "diners", "diners"),
  card("36227206271667", "diners", ""),
  card("3566002020360505", "jcb", "jcb", { country: "JP" }),
  card("6200000000000005", "unionpay", "unionpay", { country: "CN" }),
  card("6200000000000047", "unionpay", "unionpay_debit", { country: "CN", funding: "debit" }),
  visa("4000002500001001", "visa_cartesBancaires", { country: "FR" }),
  card("5555552500001001", "mastercard", "mastercard_cartesBancaires", { country: "FR" }),
  visa("4000058260000005", "gb_debit", { country: "GB", funding: "debit" }),
  card("5555558265554449", "mastercard", "gb_mastercard", { country: "GB" }),
  card("3530111333300000", "jcb", "jp_jcb", { country: "JP" }),
];

const DECLINING: readonly Card[] = [
  declining("4000000000000002", "chargeDeclined", DECLINES.generic),
  declining("4000000000009995", "chargeDeclinedInsufficientFunds", DECLINES.funds),
  declining("4000000000009987", "chargeDeclinedLostCard", DECLINES.lost),
  declining("4000000000009979", "chargeDeclinedStolenCard", DECLINES.stolen),
  declining("4000000000000069", "chargeDeclinedExpiredCard", DECLINES.expired),
  declining("4000000000000127", "chargeDeclinedIncorrectCvc", DECLINES.cvc),
  declining("4000000000000119", "chargeDeclinedProcessingError", DECLINES.processing),
  declining("4000000000006975", "chargeDeclinedVelocityLimitExceeded", DECLINES.velocity),
  visa("4000000000000341", "chargeCustomerFail visa_chargeCustomerFail", {
    decline: DECLINES.generic,
    attachable: true,
  }),
];

const RISKY: readonly Card[] = [
  visa("4100000000000019", "radarBlock chargeDeclinedFraudulent visa_chargeDeclinedFraudulent", {
    decline: DECLINES.fraud,
    risk: "highest",
  }),
  visa("4000000000004954", "riskLevelHighest", { decline: DECLINES.fraud, risk: "highest" }),
  visa("4000000000009235", "riskLevelElevated", { risk: "elevated" }),
  visa("4000000000000101", "cvcCheckFail", { checks: { cvc: "fail" } }),
  visa("4000058400307872", "cvcCheckFailElevatedRisk", { checks: { cvc: "fail" }, risk: "elevated" }),
  visa("4000000000000036", "avsZipFail", { checks: { postal: "fail" } }),
  visa("4000058400306072", "avsZipFailElevatedRisk", { checks: { postal: "fail" }, risk: "elevated" }),
  visa("4000000000000028", "avsLine1Fail", { checks: { line1: "fail" } }),
  visa("4000000000000010", "avsFail", { checks: { line1: "fail", postal: "fail" } }),
  visa("4000000000000044", "avsUnchecked", { checks: { line1: "unavailable", postal: "unavailable" } }),
];

const AUTHENTICATED: readonly Card[] = [
  visa("4000002760003184", "authenticationRequired", { country: "DE", authenticate: "always" }),
  visa("4000002500003155", "authenticationRequiredOnSetup", { country: "FR", authenticate: "until_set_up" }),
  visa("4000003800000446", "authenticationRequiredSetupForOffSession", {
    country: "IT",
    authenticate: "on_session",
  }),
  visa("4000008260003178", "authenticationRequiredChargeDeclinedInsufficientFunds", {
    country: "GB",
    authenticate: "always",
    decline: DECLINES.funds,
  }),
  visa("4000000000003220", "threeDSecure2Required threeDSecureRequired", { authenticate: "always" }),
  visa("4000000000003063", "", { authenticate: "always" }),
  visa("4000008400001629", "threeDSecureRequiredChargeDeclined", {
    authenticate: "always",
    decline: DECLINES.generic,
  }),
  visa("4000008400001280", "threeDSecureRequiredProcessingError", {
    authenticate: "always",
    challengeFails: true,
  }),
  visa("4000000000003055", "threeDSecureOptional", { authenticate: "optional" }),
  visa("4000000000003097", "threeDSecureOptionalProcessingError", {
    authenticate: "optional",
    challengeFails: true,
  }),
];

const AFTERWARDS: readonly Card[] = [
  visa("4000000000000259", "createDispute", { dispute: "fraudulent" }),
  visa("4000000000002685", "createDisputeProductNotReceived", { dispute: "product_not_received" }),
  visa("4000000000001976", "createDisputeInquiry", { dispute: "inquiry" }),
  visa("4000000404000038", "createCe3EligibleDispute", { dispute: "fraudulent" }),
  visa("4000008400000779", "createComplianceDispute", { dispute: "noncompliant" }),
  visa("4000000404000079", "createMultipleDisputes", { dispute: "twice" }),
  visa("4000000000005423", "createIssuerFraudRecord"),
  visa("4000000000007726", "pendingRefund", { refund: "pending" }),
  visa("4000000000005126", "refundFail", { refund: "fails" }),
  visa("4000000000000077", "bypassPending", { availableAtOnce: true }),
  visa("4000003720000278", "bypassPendingInternational", { availableAtOnce: true, country: "IE" }),
];

export const CARDS: readonly Card[] = [
  ...BRANDS,
  ...ofCountries,
  ...DECLINING,
  ...RISKY,
  ...AUTHENTICATED,
  ...AFTERWARDS,
];
