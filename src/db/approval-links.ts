import type { Queryable } from "./pool.ts";

/** What a mailed link stands for. The token is not stored, only its hash. */
export interface ApprovalLink {
  approval_id: string;
  gate: number;
  revision: number;
  approver: string;
  number: number;
}

/** Idempotent: a repeated mail carries the same link. */
export const insertLink = (db: Queryable, tokenHash: string, link: ApprovalLink) =>
  db.query(
    `insert into countersign.approval_links (token_hash, approval_id, gate, revision, approver, number)
     values ($1, $2, $3, $4, $5, $6) on conflict (token_hash) do nothing`,
    [tokenHash, link.approval_id, link.gate, link.revision, link.approver, link.number],
  );

export async function findLink(db: Queryable, tokenHash: string): Promise<ApprovalLink | null> {
  const { rows } = await db.query<ApprovalLink>(
    "select approval_id, gate, revision, approver, number from countersign.approval_links where token_hash = $1",
    [tokenHash],
  );
  return rows[0] ?? null;
}
