import { createHash } from "node:crypto";
import { Collection } from "./collection.ts";
import type { Change, Journal } from "./journal.ts";
import type * as o from "./objects.ts";

/** Everything that an account holds, by kind. */
export interface Kinds {
  payment_intents: o.PaymentIntent;
  payment_notes: o.PaymentNote;
  charges: o.Charge;
  refunds: o.Refund;
  disputes: o.Dispute;
  payment_methods: o.PaymentMethod;
  card_notes: o.CardNote;
  setup_intents: o.SetupIntent;
  customers: o.Customer;
  /** Customers that are gone. */
  deleted: { id: string };
  coupons: o.Coupon;
  products: o.Product;
  prices: o.Price;
  sessions: o.Session;
  session_plans: o.SessionPlan;
  transactions: o.Transaction;
  balances: o.Balances;
  ledger: o.LedgerEntry;
  events: o.EventRecord;
  deliveries: o.Delivery;
  endpoints: o.Endpoint;
  endpoint_notes: o.EndpointNote;
  idempotency: o.IdempotencyRecord;
}
export type Kind = keyof Kinds;

/** Everything that belongs to no account. */
export interface SystemKinds {
  settings: { id: string; value: unknown };
  agenda: Task;
}

/** Something that happens by itself when the provider's clock reaches `at` (milliseconds). */
export interface Task {
  id: string;
  at: number;
  account: string;
  task:
    | "expire_session"
    | "expire_authorization"
    | "settle_refund"
    | "fail_refund"
    | "decide_dispute"
    | "settle_payment";
  object: string;
}

type Collections = { [K in Kind]: Collection<Kinds[K]> };

/** One account; any key `sk_test_NAME` opens the account NAME. */
export class Account {
  readonly name: string;
  readonly id: string;
  readonly of: Collections;

  constructor(name: string, changed: (kind: Kind, id: string, object: unknown) => void) {
    this.name = name;
    this.id = `acct_1${createHash("sha256").update(name).digest("base64url").replace(/[-_]/g, "0").slice(0, 15)}`;
    const kind = <K extends Kind>(
      key: K,
      indexes: Record<string, (object: Kinds[K]) => string | null> = {},
    ) =>
      new Collection<Kinds[K]>((id, object) => {
        changed(key, id, object);
      }, indexes);
    this.of = {
      payment_intents: kind("payment_intents", { customer: (each) => each.customer }),
      payment_notes: kind("payment_notes"),
      charges: kind("charges", { payment_intent: (each) => each.payment_intent }),
      refunds: kind("refunds", {
        charge: (each) => each.charge,
        payment_intent: (each) => each.payment_intent,
      }),
      disputes: kind("disputes", {
        charge: (each) => each.charge,
        payment_intent: (each) => each.payment_intent,
      }),
      payment_methods: kind("payment_methods"),
      card_notes: kind("card_notes"),
      setup_intents: kind("setup_intents"),
      customers: kind("customers"),
      deleted: kind("deleted"),
      coupons: kind("coupons"),
      products: kind("products"),
      prices: kind("prices", { product: (each) => each.product }),
      sessions: kind("sessions", { setup_intent: (each) => each.setup_intent }),
      session_plans: kind("session_plans"),
      transactions: kind("transactions"),
      balances: kind("balances"),
      ledger: kind("ledger"),
      events: kind("events"),
      deliveries: kind("deliveries", { event: (each) => each.event }),
      endpoints: kind("endpoints"),
      endpoint_notes: kind("endpoint_notes"),
      idempotency: kind("idempotency"),
    };
  }
}

/** All accounts, in memory and in the journal. Changes are collected and written by `commit`, as one line. */
export class State {
  readonly accounts = new Map<string, Account>();
  readonly settings: Collection<SystemKinds["settings"]>;
  readonly agenda: Collection<SystemKinds["agenda"]>;
  readonly #journal: Journal;
  readonly #dirty = new Map<string, Change>();
  #soon: NodeJS.Timeout | null = null;

  constructor(journal: Journal) {
    this.#journal = journal;
    this.settings = new Collection((id, object) => {
      this.#note("", "settings", id, object);
    });
    this.agenda = new Collection((id, object) => {
      this.#note("", "agenda", id, object);
    });
    journal.read(([account, kind, id, object]) => {
      const collection = this.#collection(account, kind);
      if (object === null) collection.forget(id);
      else collection.restore(object as never); // the journal holds what `#note` wrote, and nobody else writes to it
    });
    this.#forgetOldKeys();
    journal.compact(this.#snapshot());
  }

  account(name: string): Account {
    const known = this.accounts.get(name);
    if (known) return known;
    const account = new Account(name, (kind, id, object) => {
      this.#note(name, kind, id, object);
    });
    this.accounts.set(name, account);
    return account;
  }

  /** Writes what has changed since the last commit. */
  commit(): void {
    if (this.#soon) clearTimeout(this.#soon);
    this.#soon = null;
    if (this.#dirty.size === 0) return;
    const changes = [...this.#dirty.values()];
    this.#dirty.clear();
    this.#journal.append(changes);
  }

  /** For changes that may be lost in a crash because they would be made again: many share one write. */
  commitSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.commit();
    }, 20);
  }

  /** Idempotency keys need to be kept for a day. */
  #forgetOldKeys(): void {
    const yesterday = Date.now() / 1000 - 24 * 3600;
    for (const { of } of this.accounts.values()) {
      for (const each of of.idempotency.oldest())
        if (each.created < yesterday) of.idempotency.forget(each.id);
    }
  }

  #note(account: string, kind: string, id: string, object: unknown): void {
    this.#dirty.set(`${account}\n${kind}\n${id}`, [account, kind, id, object]);
  }

  #collection(
    account: string,
    kind: string,
  ): { restore: (object: never) => void; forget: (id: string) => void } {
    if (account === "") return kind === "agenda" ? this.agenda : this.settings;
    const of: Record<string, { restore: (object: never) => void; forget: (id: string) => void }> =
      this.account(account).of;
    const found = of[kind];
    if (!found) throw new Error(`the journal names the unknown kind ${kind}`);
    return found;
  }

  *#snapshot(): Generator<Change[]> {
    for (const each of this.settings.oldest()) yield [["", "settings", each.id, each]];
    for (const each of this.agenda.oldest()) yield [["", "agenda", each.id, each]];
    for (const account of this.accounts.values()) {
      for (const [kind, collection] of Object.entries(account.of)) {
        for (const each of collection.oldest()) yield [[account.name, kind, each.id, each]];
      }
    }
  }
}
