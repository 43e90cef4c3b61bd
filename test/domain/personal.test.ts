import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ENTRY_TYPES } from "../../src/contract/audit-entries/index.ts";
import type { AuditDraft } from "../../src/domain/audit-entry.ts";
import { ERASED, fits, isCommitment, maskDraft, readable, sealDraft } from "../../src/domain/personal.ts";
import { isListed, personalFields } from "../../src/domain/personal-fields.ts";
import { maskRecord } from "../../src/domain/personal-records.ts";
import { Asked } from "./asked.ts";
import { runs } from "./property.ts";
import { orders, play, scripts, worldOf } from "./scripts.ts";

const customer = { email: "buyer@example.com", name: "Ada" };

let salts = 0;
const salt = () => (++salts).toString(16).padStart(32, "0");
const seal = (draft: AuditDraft) => sealDraft(draft, [customer], salt);
const note = (text: string): AuditDraft => ({
  type: "note",
  actor: { type: "api", id: "sam@example.com" },
  data: { text },
});

/** What people say in the simulated world, and who buys in it. */
const SAID = [
  "changed their mind",
  "broken",
  "hello",
  "looked at it",
  "blue ones",
  "connection refused",
  "the provider does not want to",
  customer.email,
];

test("it is said of every type of entry what is personal in it", () => {
  expect(Object.keys(ENTRY_TYPES).filter((type) => !isListed(type))).toEqual([]);
});

test("whatever happens to an order, no words of people and no customer stand in what is hashed", () => {
  fc.assert(
    fc.property(orders, scripts(true), (order, script) => {
      for (const entry of play(worldOf(order), script).entries) {
        const { draft, personal } = seal(entry);
        const hashed = JSON.stringify(draft);
        expect(SAID.filter((text) => hashed.includes(text))).toEqual([]);
        expect(readable(draft, personal)).toEqual(JSON.parse(JSON.stringify(entry)));
      }
    }),
    runs(100),
  );
});

test("what approvers write, and what mail servers answer, is not hashed either", () => {
  const asked = new Asked();
  const decides = (approver: string, decision: "approve" | "reject", comment: string) =>
    asked.send({
      type: "vote",
      approver,
      decision,
      comment,
      content_hash: asked.state.content_hash,
      via: "link",
      actor: { type: "approver", id: approver },
    });
  decides("controller@example.com", "approve", "known from school");
  const bounce = { number: 1, reason: "550 buyer@example.com has moved", permanent: false };
  asked.send({ type: "bounced", to: "cfo@example.com", ...bounce });
  decides("cfo@example.com", "reject", "not for Ada");
  const drafts = asked.state.todo.flatMap(({ effect }) => (effect.kind === "report" ? effect.entries : []));
  expect(drafts.map(({ type }) => type)).toContain("approval.rejected");
  const hashed = JSON.stringify(drafts.map((each) => seal(each).draft));
  for (const text of ["known from school", "has moved", "not for Ada"]) {
    expect(JSON.stringify(drafts)).toContain(text);
    expect(hashed).not.toContain(text);
  }
  // Who decided is evidence.
  expect(hashed).toContain("controller@example.com");
});

test("a commitment is the SHA-256 of the salt's digits and the value's canonical JSON", () => {
  const { draft, personal } = sealDraft(note('say "é"'), [], () => "00112233445566778899aabbccddeeff");
  const commitment = createHash("sha256")
    .update(`00112233445566778899aabbccddeeff"say \\"é\\""`)
    .digest("hex");
  expect(draft.data).toEqual({ text: { commitment } });
  expect(personal).toEqual([
    { path: "/data/text", salt: "00112233445566778899aabbccddeeff", value: 'say "é"' },
  ]);
  expect(isCommitment(draft.data["text"])).toBe(true);
});

test("the same words twice cannot be told from others, and no other words fit", () => {
  const [one, two] = [seal(note("no")), seal(note("no"))];
  expect(one.draft.data).not.toEqual(two.draft.data);
  const [kept] = one.personal;
  if (!kept) throw new Error("the note is personal");
  expect(fits(one.draft, kept)).toBe(true);
  expect(fits(one.draft, { ...kept, value: "yes" })).toBe(false);
  expect(fits(one.draft, { ...kept, salt: salt() })).toBe(false);
  expect(fits(one.draft, { ...kept, path: "/data/other" })).toBe(false);
  expect(fits(two.draft, kept)).toBe(false);
});

test("of what was changed in an order the customer and the words are personal, the amounts are not", () => {
  const amended: AuditDraft = {
    type: "order.amended",
    actor: { type: "api", id: "sam@example.com" },
    data: {
      changes: [
        { field: "amount", before: "12.50 USD", after: "10.00 USD" },
        { field: "customer", before: "", after: "Grace" },
        { field: "description", before: "for Grace", after: "" },
      ],
    },
  };
  expect(personalFields(amended, [])).toEqual(["/data/changes/1/after", "/data/changes/2/before"]);
  expect(maskDraft(amended).data["changes"]).toEqual([
    { field: "amount", before: "12.50 USD", after: "10.00 USD" },
    { field: "customer", before: "", after: ERASED },
    { field: "description", before: ERASED, after: "" },
  ]);
});

test("the customer is found wherever an entry names them, and nobody else is", () => {
  const of = (data: Record<string, unknown>, type = "approval.requested") =>
    personalFields({ type, data }, [customer]);
  expect(of({ asked: ["finance@example.com", "Buyer@Example.com"] })).toEqual(["/data/asked/1"]);
  expect(of({ because: "rule vip: for ADA, always" })).toEqual(["/data/because"]);
  expect(of({ because: "ships to Canada", "a/b~c": { d: "Ada" } })).toEqual(["/data/a~1b~0c/d"]);
  expect(
    personalFields({ type: "approval.requested", data: { because: "x" } }, [{ email: null, name: null }]),
  ).toEqual([]);
});

test("a type that nobody has thought of keeps no text in what is hashed", () => {
  const draft = {
    type: "order.new_thing",
    data: { code: "ab_1", words: "some words", who: "sam@example.com" },
  };
  expect(personalFields(draft, [])).toEqual(["/data/who", "/data/words"]);
});

test("a kept answer loses words and customer, and keeps its shape and its amounts", () => {
  const answer = {
    id: "ord_1",
    amount: 1_250,
    reference: "PO-1",
    description: "for Ada",
    customer: { ...customer },
    requested_by: "sam@example.com",
    metadata: { gift: "yes" },
    payment: {
      id: "pi_1",
      checkout_url: "http://pay",
      client_secret: "x",
      failure: { code: "declined", message: "no" },
    },
    refunds: [{ id: "rfd_1", amount: 5, reason: "broken" }],
    approvals: [{ votes: [{ approver: "cfo@example.com", comment: "ok" }] }],
    said: ["asked by buyer@example.com"],
  };
  expect(maskRecord(answer, [customer])).toEqual({
    id: "ord_1",
    amount: 1_250,
    reference: "PO-1",
    description: null,
    customer: { email: null, name: null },
    requested_by: "sam@example.com",
    metadata: {},
    payment: {
      id: "pi_1",
      checkout_url: null,
      client_secret: null,
      failure: { code: "declined", message: ERASED },
    },
    refunds: [{ id: "rfd_1", amount: 5, reason: ERASED }],
    approvals: [{ votes: [{ approver: "cfo@example.com", comment: null }] }],
    said: [ERASED],
  });
});
