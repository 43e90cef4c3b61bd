import { z } from "zod";

/**
 * The Stripe CLI's own fixtures (https://docs.stripe.com/cli/fixtures): requests to the provider's API, each of which may refer to
 * the answer of one before (`${name:id}`) or to the environment (`${.env:NAME|default}`).
 */
export const apiFixtures = z.looseObject({
  _meta: z.looseObject({ template_version: z.int().optional() }),
  /** Values for `${.env:NAME}`, beside those of the environment. */
  env: z.record(z.string(), z.coerce.string()).optional(),
  fixtures: z
    .array(
      z.looseObject({
        name: z.string(),
        path: z.string().startsWith("/"),
        method: z.string().transform((method) => method.toUpperCase()),
        params: z.record(z.string(), z.json()).optional(),
        expected_error_type: z.string().optional(),
      }),
    )
    .min(1),
});
export type ApiFixtures = z.output<typeof apiFixtures>;
