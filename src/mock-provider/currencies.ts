import { badParam } from "./errors.ts";

/** Without a minor unit, https://docs.stripe.com/currencies#zero-decimal. */
const ZERO = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));
/** With three digits, of which the last is 0, https://docs.stripe.com/currencies#three-decimal. */
const THREE = new Set("bhd jod kwd omr tnd".split(" "));
const TWO = new Set(
  `usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc
   cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl hrk htg huf idr ils inr isk jmd kes kgs khr
   kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mro mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk
   php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx uyu uzs
   wst xcd yer zar zmw`.split(/\s+/),
);

/** Smallest charge in minor units, https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts. */
const MINIMUM: Record<string, number> = {
  usd: 50,
  aed: 200,
  aud: 50,
  bgn: 100,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
};
const SIGN: Record<string, string> = {
  usd: "$",
  eur: "€",
  gbp: "£",
  jpy: "¥",
  cad: "CA$",
  aud: "A$",
  inr: "₹",
  krw: "₩",
};

const digits = (currency: string) => (ZERO.has(currency) ? 0 : THREE.has(currency) ? 3 : 2);

/** `$12.34`, `¥500`, `kwd 1.230`. */
export function formatAmount(amount: number, currency: string): string {
  const places = digits(currency);
  const value = (amount / 10 ** places).toFixed(places).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
  const sign = SIGN[currency];
  return sign ? `${sign}${value}` : `${value} ${currency.toUpperCase()}`;
}

/** The code in lower case; unknown ones are an error at `param`. */
export function knownCurrency(given: string, param = "currency"): string {
  const currency = given.toLowerCase();
  if (TWO.has(currency) || ZERO.has(currency) || THREE.has(currency)) return currency;
  throw badParam(
    `Invalid currency: ${given}. Stripe currently supports these currencies: ${[...TWO, ...ZERO, ...THREE].join(", ")}`,
    param,
  );
}

/** Throws `amount_too_small`, `amount_too_large`, or what three-decimal currencies ask for. */
export function checkAmount(amount: number, currency: string, param = "amount"): void {
  const least = MINIMUM[currency];
  if (least !== undefined && amount < least) {
    throw badParam(
      `Amount must be at least ${formatAmount(least, currency)} ${currency}`,
      param,
      "amount_too_small",
    );
  }
  if (THREE.has(currency) && amount % 10 !== 0) {
    throw badParam(`Invalid amount: ${currency} amounts must have 0 as the last digit (${amount})`, param);
  }
  const most = ZERO.has(currency) || currency === "idr" ? 9_999_999_999 : 99_999_999;
  if (amount > most) {
    throw badParam(
      `Amount must be no more than ${formatAmount(most, currency)} ${currency}`,
      param,
      "amount_too_large",
    );
  }
}
