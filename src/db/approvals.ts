import type { ApprovalState } from "../domain/approval.ts";
import { peopleAskedNow } from "../domain/approval-seats.ts";
import { storableJson } from "../domain/storable.ts";
import type { Queryable } from "./pool.ts";

export interface ApprovalRow {
  id: string;
  tenant: string;
  order_id: string | null;
  state: ApprovalState;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = "id, tenant, order_id, state, created_at, updated_at";

/** False when it exists already: the step that opens it was repeated. */
export async function insertApproval(tx: Queryable, state: ApprovalState): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into countersign.approvals (id, tenant, order_id, status, state, created_at, updated_at, waiting_for)
     values ($1, $2, $3, $4, $5, $6, $6, $7) on conflict (id) do nothing`,
    [
      ...[state.id, state.tenant, state.order_id, state.status, JSON.stringify(state), state.created_at],
      peopleAskedNow(state, new Date(state.created_at)),
    ],
  );
  return rowCount === 1;
}

export async function getApproval(db: Queryable, id: string): Promise<ApprovalRow | null> {
  const { rows } = await db.query<ApprovalRow>(`select ${COLUMNS} from countersign.approvals where id = $1`, [
    id,
  ]);
  return rows[0] ?? null;
}

interface ApprovalFilter {
  status?: string | undefined;
  order_id?: string | undefined;
  /** Only approvals before this id, for the next page. */
  before?: string | undefined;
  limit: number;
}

/** Newest first. */
export async function listApprovals(
  db: Queryable,
  tenant: string,
  filter: ApprovalFilter,
): Promise<ApprovalRow[]> {
  const { rows } = await db.query<ApprovalRow>(
    `select ${COLUMNS} from countersign.approvals
      where tenant = $1
        and ($2::text is null or status = $2)
        and ($3::text is null or order_id = $3)
        and ($4::text is null or id < $4)
      order by id desc limit $5`,
    [tenant, filter.status ?? null, filter.order_id ?? null, filter.before ?? null, filter.limit],
  );
  return rows;
}

/** Those that ask this person (normalised) now and wait for them, newest first. */
export async function listApprovalsWaitingFor(
  db: Queryable,
  tenant: string,
  normalised: string,
  filter: ApprovalFilter,
): Promise<ApprovalRow[]> {
  const { rows } = await db.query<ApprovalRow>(
    `select ${COLUMNS}
       from (select approval_id from countersign.approval_waiting where tenant = $1 and person = $2) as w
       join countersign.approvals on id = approval_id
      where tenant = $1 and status = 'pending'
        and ($3::text is null or status = $3)
        and ($4::text is null or order_id = $4)
        and ($5::text is null or approval_id < $5)
      order by approval_id desc limit $6`,
    [
      ...[tenant, normalised, filter.status ?? null, filter.order_id ?? null],
      ...[filter.before ?? null, filter.limit],
    ],
  );
  return rows;
}

/** An address as `domain/address.ts` compares it: in lower case, without a tag. */
const person = (column: string) => `regexp_replace(lower(${column}), '^([^+]+)[+].*(@[^@]*)$', '\\1\\2')`;

/**
 * Approvals that wait and name this person (normalised): at any gate, when they escalate, or in somebody's place. One that has
 * not read a reassignment yet may be about to.
 * @returns their ids, in order, after `after`
 */
export async function openApprovalsNaming(
  db: Queryable,
  tenant: string,
  normalised: string,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from countersign.approvals a
      where tenant = $1 and status in ('pending', 'changes_requested') and segment_open and id > $3
        and (exists (
               select from jsonb_array_elements_text(
                        jsonb_path_query_array(state, '$.plan.gates[*].approvers[*]')
                        || coalesce(state #> '{plan,escalate_to}', '[]')
                        || jsonb_path_query_array(state, '$.people[*].to')) as named(address)
                where ${person("address")} = $2)
             or exists (
               select from dbos.notifications
                where destination_uuid = case when a.segment = 0 then a.id else a.id || ':' || a.segment end
                  and consumed = false and message like '%"type":"reassign"%'))
      order by id limit $4`,
    [tenant, normalised, after, limit],
  );
  return rows.map(({ id }) => id);
}

/** Locks an approval's row. False when there is none. */
export async function lockApproval(tx: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await tx.query("select from countersign.approvals where id = $1 for update", [id]);
  return rowCount === 1;
}

/** Every approval of an order, its row locked: its own workflow reads its state under the same lock. */
export async function lockApprovalsOf(
  tx: Queryable,
  orderId: string,
): Promise<{ id: string; segment: number; segment_open: boolean; state: ApprovalState }[]> {
  const { rows } = await tx.query<{
    id: string;
    segment: number;
    segment_open: boolean;
    state: ApprovalState;
  }>(
    `select id, segment, segment_open, state from countersign.approvals where order_id = $1 order by id for update`,
    [orderId],
  );
  return rows;
}

/** Replaces the state of an approval whose row is locked, where nothing happens to the approval itself. */
export const rewriteApproval = (tx: Queryable, id: string, state: ApprovalState) =>
  tx.query("update countersign.approvals set state = $2 where id = $1", [id, storableJson(state)]);

/** Those of approvals that are not over: their outcome may still be posted. */
export async function listCallbackSecrets(db: Queryable): Promise<{ id: string; secret: string }[]> {
  const { rows } = await db.query<{ id: string; secret: string }>(
    `select id, state #>> '{callback,secret}' as secret from countersign.approvals
      where segment_open and state #>> '{callback,secret}' is not null order by id`,
  );
  return rows;
}

/** Beside the approval's own workflow, which reads the state under the row's lock; nothing when it is another by now. */
export const replaceCallbackSecret = (
  tx: Queryable,
  id: string,
  { was, now }: { was: string; now: string },
) =>
  tx.query(
    `update countersign.approvals set state = jsonb_set(state, '{callback,secret}', to_jsonb($3::text))
      where id = $1 and state #>> '{callback,secret}' = $2`,
    [id, was, now],
  );
