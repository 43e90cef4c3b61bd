import { randomBytes } from "node:crypto";
import { decimalOf, minorUnits } from "../../src/payments/standard/amount.ts";
import type { Chargeback, Kind, Operation, Payment } from "./payment.ts";
import { PLAIN, type Course, type Scenario } from "./scenario.ts";
import { shownChargeback, shownOperation, shownPayment } from "./shown.ts";

/** A request that cannot be carried out. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, text: string) {
    super(text);
    this.status = status;
    this.code = code;
  }
}

const HOLD_MS = 7 * 86_400_000;
const newId = (prefix: string) => `${prefix}_${randomBytes(10).toString("hex")}`;

/** Payments and what happens to them. `tell` is called with each change, as a webhook's type and data. */
export function createBooks(
  scenarios: ReadonlyMap<string, Scenario>,
  baseUrl: () => string,
  tell: (payment: Payment, type: string, data: unknown) => void,
) {
  const payments = new Map<string, Payment>();
  const timers = new Set<NodeJS.Timeout>();

  const find = (id: string): Payment => {
    const payment = payments.get(id);
    if (!payment) throw new Refusal(404, "unknown_payment", `There is no payment ${id}.`);
    return payment;
  };

  const scenarioOf = (method: string): Scenario => {
    const scenario = scenarios.get(method);
    if (!scenario)
      throw new Refusal(
        422,
        "unknown_method",
        `There is no ${method}; try ${[...scenarios.keys()].join(", ")}.`,
      );
    return scenario;
  };

  function later(ms: number, run: () => void): void {
    if (ms === 0) return run();
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
  }

  const tellPayment = (payment: Payment) =>
    tell(payment, `payment.${payment.state}`, shownPayment(payment, baseUrl()));

  function open(
    wanted: Pick<Payment, "order" | "take" | "via" | "return_url"> & {
      total: { value: string; currency: string };
      method?: string | undefined;
    },
  ): Payment {
    const currency = wanted.total.currency.toLowerCase();
    const payment: Payment = {
      id: newId("pay"),
      order: wanted.order,
      state: "pending",
      currency,
      total: amountOf(wanted.total.value, currency),
      held: 0,
      captured: 0,
      take: wanted.take,
      via: wanted.via,
      return_url: wanted.return_url,
      hold_until: null,
      decline: null,
      cancelled_because: null,
      busy: false,
      operations: [],
      chargebacks: [],
      scenario: wanted.method === undefined ? PLAIN : scenarioOf(wanted.method),
      requests: {},
    };
    payments.set(payment.id, payment);
    return payment;
  }

  /** The customer, or the merchant's server for them, tries a payment method. */
  function attempt(payment: Payment, method: string): void {
    if (payment.busy || (payment.state !== "pending" && payment.state !== "declined"))
      throw new Refusal(
        409,
        "wrong_state",
        `The payment is ${payment.busy ? "being tried" : payment.state}.`,
      );
    payment.scenario = scenarioOf(method);
    const { after_ms, state, code, text } = payment.scenario.attempt;
    payment.busy = true;
    payment.state = "pending";
    payment.decline = null;
    later(after_ms, () => {
      payment.busy = false;
      if (state === "declined") {
        payment.state = "declined";
        payment.decline = { code, text };
      } else if (payment.take === "now") {
        payment.state = "paid";
        payment.captured = payment.total;
      } else {
        payment.state = "authorised";
        payment.held = payment.total;
        payment.hold_until = new Date(Date.now() + HOLD_MS).toISOString();
      }
      tellPayment(payment);
    });
  }

  function operate(
    payment: Payment,
    wanted: {
      kind: Kind;
      amount?: string | undefined;
      reference?: string | undefined;
      unpaid_only?: boolean | undefined;
    },
  ): Operation {
    const { kind, reference = null } = wanted;
    const earlier = payment.operations.filter((each) => each.kind === kind);
    const allowed = {
      capture: payment.state === "authorised",
      cancel: ["pending", "declined", wanted.unpaid_only ? "" : "authorised"].includes(payment.state),
      refund: payment.state === "paid",
    }[kind];
    const underWay = payment.operations.some((each) => each.state === "pending" && each.kind !== "refund");
    if (!allowed || payment.busy || underWay)
      throw new Refusal(
        409,
        "wrong_state",
        `The payment is ${payment.busy || underWay ? "busy" : payment.state}.`,
      );
    const amount = wanted.amount === undefined ? payment.total : amountOf(wanted.amount, payment.currency);
    const most = kind === "refund" ? payment.captured - refundedOf(payment) : payment.total;
    if (amount < 1 || amount > most)
      throw new Refusal(422, "amount", `At most ${decimalOf(most, payment.currency)} is possible.`);
    const operation: Operation = {
      id: newId("op"),
      payment: payment.id,
      kind,
      state: "pending",
      amount,
      reference,
      refusal: null,
    };
    payment.operations.push(operation);
    const courses = payment.scenario.operations[kind];
    const course = courses[Math.min(earlier.length, courses.length - 1)];
    if (course) later(course.after_ms, () => finish(payment, operation, course));
    return operation;
  }

  function finish(payment: Payment, operation: Operation, { state, code, text }: Course): void {
    operation.state = state;
    if (state === "refused") operation.refusal = { code, text };
    else if (operation.kind === "capture") {
      payment.state = "paid";
      payment.captured = operation.amount;
      payment.held = 0;
    } else if (operation.kind === "cancel") cancel(payment, "requested");
    tell(payment, `operation.${state}`, shownOperation(payment, operation));
    if (state === "done" && operation.kind === "capture") tellPayment(payment);
  }

  function cancel(payment: Payment, because: Payment["cancelled_because"]): void {
    payment.state = "cancelled";
    payment.cancelled_because = because;
    payment.held = 0;
    tellPayment(payment);
  }

  function chargeBack(payment: Payment, reason: string): Chargeback {
    const chargeback: Chargeback = { id: newId("cb"), state: "open", reason };
    payment.chargebacks.push(chargeback);
    tell(payment, "chargeback.opened", shownChargeback(payment, chargeback));
    return chargeback;
  }

  function closeChargeback(payment: Payment, state: "won" | "lost"): void {
    for (const chargeback of payment.chargebacks.filter((each) => each.state === "open")) {
      chargeback.state = state;
      tell(payment, `chargeback.${state}`, shownChargeback(payment, chargeback));
    }
  }

  return {
    open,
    find,
    attempt,
    operate,
    chargeBack,
    closeChargeback,
    lapse: (payment: Payment) => cancel(payment, "lapsed"),
    shown: (payment: Payment) => shownPayment(payment, baseUrl()),
    all: () => [...payments.values()],
    operation(id: string) {
      for (const payment of payments.values())
        for (const operation of payment.operations)
          if (operation.id === id) return shownOperation(payment, operation);
      throw new Refusal(404, "unknown_operation", `There is no operation ${id}.`);
    },
    stop: () => timers.forEach((timer) => clearTimeout(timer)),
  };
}

export type Books = ReturnType<typeof createBooks>;

const refundedOf = ({ operations }: Payment): number =>
  operations
    .filter((each) => each.kind === "refund" && each.state !== "refused")
    .reduce((sum, each) => sum + each.amount, 0);

function amountOf(value: string, currency: string): number {
  try {
    return minorUnits(value, currency);
  } catch {
    throw new Refusal(422, "amount", `${value} is no amount in ${currency.toUpperCase()}.`);
  }
}
