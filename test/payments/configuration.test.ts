import { describe, expect, test } from "vitest";
import { ConfigError, loadConfig } from "../../src/config.ts";
import { choosePayments } from "../../src/payments/choose.ts";

const STANDARD = {
  PAYMENT_PROVIDER: "standard",
  STANDARD_API_BASE: "https://pay.example.com/v1",
  STANDARD_API_KEY: "key_live",
  STANDARD_WEBHOOK_SECRETS: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
};

const lines = (env: Record<string, string>): string[] => {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
};

const chosen = (env: Record<string, string>) => {
  const { provider, sources } = choosePayments(loadConfig(env), "http://127.0.0.1:4242");
  return { provider: provider.name, webhooks: [...sources.keys()] };
};

describe("who is paid through is configuration", () => {
  test("Stripe unless another is named", () =>
    expect(chosen({})).toEqual({ provider: "stripe", webhooks: ["stripe"] }));
  test("the other one, with nothing of Stripe's", () => {
    expect(chosen(STANDARD)).toEqual({ provider: "standard", webhooks: ["standard"] });
    expect(loadConfig(STANDARD).providerPort).toBeNull();
  });
  test("late webhooks of a former provider are taken as long as its secrets are there", () => {
    expect(chosen({ ...STANDARD, STRIPE_WEBHOOK_SECRETS: "whsec_old" }).webhooks).toEqual([
      "stripe",
      "standard",
    ]);
  });
});

describe("what is missing or wrong is a line with its remedy", () => {
  test("everything that the other provider needs", () => {
    const missing = lines({ PAYMENT_PROVIDER: "standard" });
    expect(missing.map((line) => line.split(":")[0])).toEqual([
      "STANDARD_API_BASE",
      "STANDARD_API_KEY",
      "STANDARD_WEBHOOK_SECRETS",
    ]);
    for (const line of missing) expect(line).toContain("; set ");
  });
  test.each([
    ["PAYMENT_PROVIDER", "paypal", "write stripe or standard"],
    ["STANDARD_WEBHOOK_SECRETS", "whsec_dev", "24 to 64 bytes in base64"],
    ["STANDARD_API_BASE", "pay.example.com", "write a URL"],
    ["STRIPE_ACCOUNT", "1032D82eZvKYlo2C", "acct_"],
  ])("%s=%s", (name, value, remedy) => {
    const [line = "", ...others] = lines({ ...STANDARD, [name]: value });
    expect(others).toEqual([]);
    expect(line).toMatch(new RegExp(`^${name}: .*${remedy}`));
  });
  test("in production, a key in the clear; and nothing of Stripe's is asked for", () => {
    const refused = lines({
      NODE_ENV: "production",
      ...STANDARD,
      STANDARD_API_BASE: "http://pay.example.com",
    });
    expect(refused.some((line) => line.startsWith("STRIPE_"))).toBe(false);
    expect(refused).toContain(
      "STANDARD_API_BASE: your key would cross the network in the clear; write https://",
    );
  });
});
