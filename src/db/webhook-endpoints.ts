import type { Queryable } from "./pool.ts";

export type DisabledReason = "manual" | "gone" | "failing";

export interface WebhookEndpointRow {
  id: string;
  tenant: string;
  url: string;
  event_types: string[];
  description: string | null;
  enabled: boolean;
  disabled_reason: DisabledReason | null;
  disabled_at: Date | null;
  previous_until: Date | null;
  failing_since: Date | null;
  created_by: string;
  created_at: Date;
  updated_at: Date;
}

/** Never the secrets: who needs them asks for them by name. */
const COLUMNS = `id, tenant, url, event_types, description, enabled, disabled_reason, disabled_at,
  case when previous_until > now() then previous_until end as previous_until,
  failing_since, created_by, created_at, updated_at`;

export interface NewEndpoint {
  id: string;
  tenant: string;
  url: string;
  event_types: string[];
  description: string | null;
  enabled: boolean;
  /** Sealed. */
  secret: string;
  created_by: string;
}

/** Null when the tenant has `most` of them already. */
export async function insertEndpoint(
  db: Queryable,
  endpoint: NewEndpoint,
  most: number,
): Promise<WebhookEndpointRow | null> {
  const { id, tenant, url, event_types, description, enabled, secret, created_by } = endpoint;
  const { rows } = await db.query<WebhookEndpointRow>(
    `insert into countersign.webhook_endpoints
            (id, tenant, url, event_types, description, enabled, disabled_reason, disabled_at, secret, created_by)
     select $1, $2, $3, $4, $5, $6, case when not $6 then 'manual' end, case when not $6 then now() end, $7, $8
      where (select count(*) from countersign.webhook_endpoints where tenant = $2 and deleted_at is null) < $9
     returning ${COLUMNS}`,
    [id, tenant, url, event_types, description, enabled, secret, created_by, most],
  );
  return rows[0] ?? null;
}

export async function getEndpoint(
  db: Queryable,
  tenant: string,
  id: string,
): Promise<WebhookEndpointRow | null> {
  const { rows } = await db.query<WebhookEndpointRow>(
    `select ${COLUMNS} from countersign.webhook_endpoints where tenant = $1 and id = $2 and deleted_at is null`,
    [tenant, id],
  );
  return rows[0] ?? null;
}

/** Newest first. */
export async function listEndpoints(
  db: Queryable,
  tenant: string,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<WebhookEndpointRow[]> {
  const { rows } = await db.query<WebhookEndpointRow>(
    `select ${COLUMNS} from countersign.webhook_endpoints
      where tenant = $1 and deleted_at is null and ($2::text is null or id < $2)
      order by id desc limit $3`,
    [tenant, before ?? null, limit],
  );
  return rows;
}

export interface EndpointChange {
  url?: string | undefined;
  event_types?: string[] | undefined;
  /** Null takes it away. */
  description?: string | null | undefined;
  enabled?: boolean | undefined;
}

/** What is absent stays. One that is enabled anew is trusted anew. */
export async function updateEndpoint(
  db: Queryable,
  tenant: string,
  id: string,
  change: EndpointChange,
): Promise<WebhookEndpointRow | null> {
  const { rows } = await db.query<WebhookEndpointRow>(
    `update countersign.webhook_endpoints
        set url = coalesce($3, url), event_types = coalesce($4, event_types),
            description = case when $5 then $6 else description end,
            enabled = coalesce($7, enabled),
            disabled_reason = case when $7 then null when not $7 then coalesce(disabled_reason, 'manual') else disabled_reason end,
            disabled_at = case when $7 then null when not $7 then coalesce(disabled_at, now()) else disabled_at end,
            tell_at = case when $7 then null else tell_at end,
            failing_since = case when $7 and not enabled then null else failing_since end,
            updated_at = now()
      where tenant = $1 and id = $2 and deleted_at is null
     returning ${COLUMNS}`,
    [
      ...[tenant, id, change.url ?? null, change.event_types ?? null],
      ...[change.description !== undefined, change.description ?? null, change.enabled ?? null],
    ],
  );
  return rows[0] ?? null;
}

/** The new secret signs from now on, and the one so far beside it for `forS` seconds. */
export async function rotateSecret(
  db: Queryable,
  tenant: string,
  id: string,
  { secret, forS }: { secret: string; forS: number },
): Promise<WebhookEndpointRow | null> {
  const { rows } = await db.query<WebhookEndpointRow>(
    `update countersign.webhook_endpoints
        set previous_secret = case when $4 > 0 then secret end,
            previous_until = case when $4 > 0 then now() + make_interval(secs => $4) end,
            secret = $3, updated_at = now()
      where tenant = $1 and id = $2 and deleted_at is null
     returning ${COLUMNS}`,
    [tenant, id, secret, forS],
  );
  return rows[0] ?? null;
}

/** Hides it, and forgets its secrets; what was on its way stays where it is. False when there is none. */
export async function hideEndpoint(db: Queryable, tenant: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update countersign.webhook_endpoints
        set deleted_at = now(), enabled = false, secret = '', previous_secret = null, tell_at = null
      where tenant = $1 and id = $2 and deleted_at is null`,
    [tenant, id],
  );
  return rowCount === 1;
}

/** Removes hidden ones of which nothing is left. */
export const deleteHiddenEndpoints = (db: Queryable) =>
  db.query(
    `delete from countersign.webhook_endpoints e
      where deleted_at is not null
        and not exists (select from countersign.webhook_deliveries d where d.endpoint_id = e.id)`,
  );

export interface DisabledEndpoint {
  id: string;
  tenant: string;
  url: string;
  description: string | null;
  disabled_reason: DisabledReason;
  disabled_at: Date;
  failing_since: Date | null;
}

/** Claims what the operator is to be told, each for `againS` seconds: if nobody says that it was told, it is claimed again. */
export async function claimDisabled(db: Queryable, againS: number): Promise<DisabledEndpoint[]> {
  const { rows } = await db.query<DisabledEndpoint>(
    `update countersign.webhook_endpoints set tell_at = now() + make_interval(secs => $1)
      where tell_at <= now()
     returning id, tenant, url, description, disabled_reason, disabled_at, failing_since`,
    [againS],
  );
  return rows;
}

export const markTold = (db: Queryable, id: string) =>
  db.query("update countersign.webhook_endpoints set tell_at = null where id = $1", [id]);

export interface SealedSecrets {
  id: string;
  secret: string;
  previous_secret: string | null;
}

/** For whoever seals them anew; each row can be changed only as it was read. */
export async function listSealed(db: Queryable): Promise<SealedSecrets[]> {
  const { rows } = await db.query<SealedSecrets>(
    "select id, secret, previous_secret from countersign.webhook_endpoints where deleted_at is null",
  );
  return rows;
}

export const replaceSealed = (db: Queryable, was: SealedSecrets, now: SealedSecrets) =>
  db.query(
    `update countersign.webhook_endpoints set secret = $2, previous_secret = $3
      where id = $1 and secret = $4 and previous_secret is not distinct from $5`,
    [was.id, now.secret, now.previous_secret, was.secret, was.previous_secret],
  );
