import { z } from "zod";

/** A reference of Adyen's: the colons between signed fields must not be found within them. */
const reference = z.string().regex(/^[A-Za-z0-9]{1,64}$/, "must be letters and digits");

/**
 * One item of a standard notification (https://docs.adyen.com/development-resources/webhooks/webhook-types). `additionalData`,
 * `reason` and all else that is not signed may be shown to people, and decides nothing.
 */
export const itemShape = z.looseObject({
  pspReference: reference,
  originalReference: reference
    .or(z.literal(""))
    .nullish()
    .transform((text) => text ?? ""),
  merchantAccountCode: z.string().regex(/^[^:]{1,255}$/, "must not contain a colon"),
  merchantReference: z
    .string()
    .nullish()
    .transform((text) => text ?? ""),
  amount: z.looseObject({
    value: z.int(),
    currency: z.string().regex(/^[A-Z]{3}$/, "must be a currency such as EUR"),
  }),
  eventCode: z.string().regex(/^[A-Z_]{1,64}$/, "must be a code such as AUTHORISATION"),
  success: z.union([z.enum(["true", "false"]), z.boolean()]).transform((success) => String(success)),
  reason: z.string().nullish(),
  additionalData: z.looseObject({ hmacSignature: z.string().optional() }).nullish(),
});

export type Item = z.output<typeof itemShape>;

/** A request: each item is wrapped once more. */
export const notificationShape = z.looseObject({
  notificationItems: z
    .array(z.looseObject({ NotificationRequestItem: z.unknown() }))
    .min(1)
    .max(100),
});
