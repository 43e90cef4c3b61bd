export type EntryTone = "good" | "bad" | "waiting" | "plain";

const GOOD = /^(order\.completed|payment\.(authorized|captured)|approval\.approved|refund\.succeeded)$/;
const BAD =
  /(\.failed|\.rejected|\.refused|\.expired|\.mismatch|\.late|\.vote_refused|\.bounced|^dispute\.opened|^order\.(cancelled|disputed|held))$/;
const WAITING =
  /^(effect\.retrying|mail\.(deferred|delayed)|message\.ignored|operator\.alerted|approval\.(escalated|reminded|changes_requested))$/;

/** How a type of entry is coloured for people, in a terminal and on a page. */
export const toneOf = (type: string): EntryTone =>
  GOOD.test(type) ? "good" : BAD.test(type) ? "bad" : WAITING.test(type) ? "waiting" : "plain";
