import { CARDS, type Card } from "./test-cards.ts";

const byName = new Map(CARDS.flatMap((each) => each.names.map((name) => [name, each] as const)));
const byNumber = new Map(CARDS.map((each) => [each.number, each]));

/** The card of `pm_card_…` or `tok_…`; undefined when there is none of that name. */
export const cardByName = (name: string): Card | undefined =>
  byName.get(name.replace(/^(pm_card_|tok_)/, ""));
/** The test card with this number; undefined for any other. */
export const cardByNumber = (number: string): Card | undefined => byNumber.get(number);

/** The check digit of card numbers. */
export function passesLuhn(number: string): boolean {
  let sum = 0;
  for (let index = 0; index < number.length; index += 1) {
    const digit = Number(number[number.length - 1 - index]);
    const twice = digit * 2;
    sum += index % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}
