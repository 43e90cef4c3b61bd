/** Of each way to find an order so many are looked at; who finds that many says more of what is wanted. */
const MOST = 1_000;

/**
 * Part of a statement: the ids of a tenant's orders that `text` finds, by the id, what the provider calls the payment, or how the
 * reference, or the customer's address or name, begins. Each way reads one range of one index.
 */
export const foundBy = ({ tenant, text }: { tenant: string; text: string }): string => {
  const is = (column: string) =>
    `(select id from countersign.orders where ${column} = ${text} and tenant = ${tenant})`;
  // Bytes compare as they are: all that begins so lies before it with the last character of all.
  const begins = (column: string) =>
    `(select order_id from countersign.order_search
       where tenant = ${tenant} and ${column} >= lower(${text}) and ${column} < lower(${text}) || U&'\\+10FFFF' limit ${MOST})`;
  return [...["id", "payment_id", "session_id"].map(is), ...["reference", "email", "name"].map(begins)].join(
    " union ",
  );
};
