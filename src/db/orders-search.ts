/** Of each way to find an order so many are looked at; who finds that many says more of what is wanted. */
const MOST = 1_000;

/** As `text_pattern_ops` compares: everything that begins so lies between it and it with the last character of all. */
const begins = (column: string, text: string): string =>
  `${column} ~>=~ lower(${text}) and ${column} ~<~ (lower(${text}) || U&'\\+10FFFF')`;

/**
 * Part of a statement: the ids of a tenant's orders that `text` finds, by the id, what the provider calls the payment, or how the
 * reference, or the customer's address or name, begins. Each way reads one range of one index.
 */
export const foundBy = ({ tenant, text }: { tenant: string; text: string }): string => {
  const way = (where: string) =>
    `(select id from countersign.orders where tenant = ${tenant} and ${where} limit ${MOST})`;
  const [email, name] = ["email", "name"].map((field) => `state #>> '{facts,customer,${field}}'`);
  return [
    `(select id from countersign.orders where id = lower(${text}) and tenant = ${tenant})`,
    `(select id from countersign.orders where payment_id = ${text} and tenant = ${tenant})`,
    `(select id from countersign.orders where session_id = ${text} and tenant = ${tenant})`,
    way(begins("lower(reference)", text)),
    way(`${email} is not null and ${begins(`lower(${email})`, text)}`),
    way(`${name} is not null and ${begins(`lower(${name})`, text)}`),
  ].join(" union ");
};
