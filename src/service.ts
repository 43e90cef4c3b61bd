import { createServer } from "node:http";
import type { Config } from "./config.ts";
import { mailedAbout } from "./db/bounces.ts";
import { readBacklog } from "./db/backlog.ts";
import { usePayloadKeys } from "./db/payloads.ts";
import { createPool } from "./db/pool.ts";
import { createTenantPool } from "./db/tenant-scope.ts";
import { startArchiver } from "./archive/archiver.ts";
import { openArchiveStore } from "./archive/store.ts";
import { restoreTrail } from "./archive/trails.ts";
import { createTrailFeed } from "./audit/feed.ts";
import { startClientEngine, startEngine } from "./engine/engine.ts";
import { newMember, SESSION_PARTS, sessionName } from "./engine/leases.ts";
import { createFault } from "./engine/fault.ts";
import { parkedCount } from "./engine/mailbox.ts";
import { onlyIfOurs } from "./engine/term.ts";
import { onAnyChanged, onChanged } from "./engine/wakeups.ts";
import { OPEN_STATUSES } from "./domain/order.ts";
import { AppError } from "./errors.ts";
import { createApp, createWorkerApp } from "./http/app.ts";
import { approvalRequestRoutes } from "./http/approval-requests.ts";
import { auditKeyRoutes, checkpointRoutes } from "./http/audit-checkpoints.ts";
import { auditSocket } from "./http/audit-socket.ts";
import { auditRoutes } from "./http/audit.ts";
import { apiKeyRoutes } from "./http/api-keys.ts";
import { createChangesFeed } from "./http/changes-feed.ts";
import { changesRoutes } from "./http/changes.ts";
import { overviewRoutes } from "./http/overview.ts";
import { timelineLinkRoutes, timelineRoutes } from "./http/timeline.ts";
import { reconciliationRoutes } from "./http/reconciliations.ts";
import { webhookDeliveryRoutes } from "./http/webhook-deliveries.ts";
import { webhookEndpointRoutes } from "./http/webhook-endpoints.ts";
import { createIntake } from "./inbox/accept.ts";
import { startInboxSweeper } from "./inbox/sweeper.ts";
import type { Log } from "./log.ts";
import { startBounceListener } from "./mail/bounces.ts";
import { readDkimKey } from "./mail/dkim.ts";
import { createMailer, type Mailer } from "./mail/transport.ts";
import { createHealth } from "./observe/health.ts";
import { observedMailer } from "./observe/mailer.ts";
import { createMetrics } from "./observe/metrics.ts";
import { startTraces } from "./observe/exporter.ts";
import { backlogMetrics } from "./observe/metrics/backlog.ts";
import { processMetrics } from "./observe/metrics/process.ts";
import { observedProvider } from "./observe/provider.ts";
import { shownCallbackSecret } from "./outbound/callback-secret.ts";
import { createSeal } from "./seal.ts";
import { providerEntry, VERSION } from "./package.ts";
import { choosePayments } from "./payments/choose.ts";
import { mailDifferences } from "./reconcile/mail.ts";
import { startReconciler } from "./reconcile/reconciler.ts";
import { startAccess } from "./service/access.ts";
import { bouncesOf } from "./service/bounces.ts";
import { startCheckpointsOf } from "./service/checkpoints.ts";
import { linksOf, metricsLink, type Link } from "./service/links.ts";
import { loadPolicy } from "./service/policy.ts";
import { closeServer, listen, serveOnce } from "./service/server.ts";
import { startSurroundings, type Stop } from "./service/surroundings.ts";
import { registerApprovalWorkflow } from "./workflows/approval.ts";
import { resealCallbacks } from "./workflows/callback-secrets.ts";
import { startDeliveries } from "./workflows/delivery.ts";
import { resealSecrets } from "./workflows/endpoint-secrets.ts";
import { ownLinkSecret } from "./workflows/link-secret.ts";
import { registerOrderWorkflow } from "./workflows/order.ts";
import { takeReturned } from "./workflows/returned-mail.ts";

export interface Service {
  url: string;
  /** What to show a person who has just started it. */
  links: Link[];
  providerUrl: string | null;
  databaseUrl: string;
  /** Says in `/readyz` that it is going to stop, serves on, and has clients open their next connection elsewhere. */
  leave(): void;
  /** Stops accepting, lets work under way finish, and ends every part. */
  stop(): Promise<void>;
}

interface Options {
  config: Config;
  log: Log;
  /** Told of each part as it starts, in a word or two. */
  onProgress?: (part: string) => void;
  /** What Node runs as the bundled provider. */
  provider?: string[];
}

/** Builds and starts every part, and knows them all. */
export async function startService(options: Options): Promise<Service> {
  const stops: Stop[] = [];
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    const parts = await start(options, stops);
    return { ...parts, stop: stopAll };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function start(
  { config, log, onProgress = () => {}, provider: entry = providerEntry() }: Options,
  stops: Stop[],
): Promise<Omit<Service, "stop">> {
  const policy = await loadPolicy(config.policyFile);
  const dkim = config.dkim ? await readDkimKey(config.dkim) : null;
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 });
  const ready = serveOnce(server);
  const port = await listen(server, config);
  stops.push(() => {
    server.closeAllConnections();
    return closeServer(server);
  });
  const url = `http://${config.host === "0.0.0.0" || config.host === "::" ? "127.0.0.1" : config.host}:${port}`;
  const publicUrl = config.publicUrl ?? url;
  const takesRequests = config.role !== "worker";
  const runsWorkflows = config.role !== "api";

  const surroundings = { config, log, stops, onProgress, provider: entry };
  const [databaseUrl, provider, mailbox] = await startSurroundings(
    surroundings,
    takesRequests ? url : publicUrl,
  );

  const member = newMember();
  if (config.traces) {
    const traces = await startTraces(config.traces, { version: VERSION, instance: member, log });
    stops.push(() => traces.stop());
  }
  const ofRequests = {
    ...{ url: databaseUrl, max: 10, log },
    applicationName: sessionName(SESSION_PARTS.requests, member),
  };
  const pool = createPool(ofRequests);
  const tenantPool = createTenantPool(ofRequests);
  const enginePool = createPool({
    url: databaseUrl,
    max: 10,
    applicationName: sessionName(SESSION_PARTS.engine, member),
    log,
    prepared: true,
  });
  stops.push(async () => {
    await Promise.all([pool.end(), tenantPool.end(), enginePool.end()]);
  });
  await usePayloadKeys(pool, config.payloadKeys);

  const linkSecrets = config.linkSecrets ?? [await ownLinkSecret(config.dataDir)];
  const [linkSecret, ...olderSecrets] = linkSecrets;
  if (!linkSecret) throw new AppError("invalid_request", "LINK_SECRETS: write at least one version:secret");
  const bounces = bouncesOf(config, linkSecrets);
  const transport = createMailer({
    smtpUrl: config.smtpUrl ?? mailbox?.smtpUrl ?? "",
    from: config.mailFrom,
    log,
    ...(dkim ? { dkim } : {}),
  });
  stops.push(() => transport.close());
  const metrics = createMetrics();
  const health = {
    // The reconciler asks it every few seconds.
    provider: createHealth(),
    mail: createHealth(async () => ((await transport.verify()).ok ? null : "unreachable")),
  };
  const observed = observedMailer(transport, { metrics, health: health.mail });
  const mailer: Mailer = {
    ...transport,
    send: onlyIfOurs((mail) => observed.send(bounces?.returning(mail) ?? mail)),
  };
  const fault = createFault(config.faultPoint);
  const { provider: chosen, sources } = choosePayments(config, provider?.url ?? null);
  const paymentProvider = observedProvider(chosen, { metrics, health: health.provider });
  registerOrderWorkflow({
    pool: enginePool,
    provider: paymentProvider,
    publicUrl,
    mailer,
    operator: config.operator,
    onAlert: (alert) => metrics.alerts.inc({ alert }),
    ...{ log, fault, metrics },
  });
  const outbound = { strict: config.production, allowHosts: config.webhookAllowHosts };
  const seal = createSeal([linkSecret, ...olderSecrets]);
  registerApprovalWorkflow({
    pool: enginePool,
    mailer,
    returnPathOf: bounces?.returnPathOf ?? null,
    linkSecret,
    publicUrl,
    operator: config.operator,
    outbound,
    seal,
    ...{ log, fault, metrics },
  });
  onProgress("workflows");
  const engine = await (runsWorkflows ? startEngine : startClientEngine)({
    ...{ databaseUrl, member, log },
    pool: enginePool,
    exclusive: config.databaseUrl === null,
    notify: config.databaseNotify,
    sleepAfterMs: config.sleepAfterS === 0 ? null : config.sleepAfterS * 1000,
    publishing: config.enginePublish,
  });
  stops.push(() => engine.stop());
  backlogMetrics(metrics.registry, () => readBacklog(pool, OPEN_STATUSES));
  processMetrics(metrics.registry, {
    parked: parkedCount,
    pools: { requests: tenantPool, service: pool, workflows: enginePool },
    holdsLease: () => engine.holdsLease(),
    version: VERSION,
  });
  await resealSecrets(pool, seal, log);
  await resealCallbacks(pool, seal, log);
  const { operator } = config;
  const deliveries = runsWorkflows
    ? startDeliveries({
        ...{ pool, seal, outbound, mailer, operator, log, fault },
        onTried: (outcome, seconds) => metrics.deliveries.observe({ outcome }, seconds),
        get executorId() {
          return engine.executorId;
        },
      })
    : null;
  stops.push(() => deliveries?.stop());
  if (takesRequests && bounces?.listen) {
    const listener = await startBounceListener({
      ...bounces.listen,
      recipientsOf: (approvalId) => mailedAbout(pool, approvalId),
      async onBounce(bounce) {
        await takeReturned(pool, bounce, log);
        metrics.bounces.inc({ kind: bounce.permanent ? "permanent" : "delayed" });
      },
      onOperatorBounce: ({ permanent }) =>
        metrics.operatorBounces.inc({ kind: permanent ? "permanent" : "delayed" }),
      log,
    });
    stops.push(() => listener.stop());
    log.info({ port: listener.port }, "bounces are taken");
  }
  const sweeper = runsWorkflows ? startInboxSweeper(pool, sources, log) : null;
  stops.push(() => sweeper?.stop());

  const intake = createIntake({ pool: enginePool, sources, log, metrics, fault });
  const reconciler = startReconciler({
    pool,
    provider: paymentProvider,
    intake,
    log,
    everyS: runsWorkflows ? config.reconcileEveryS : null,
    onDifferences: (tenant, differences) =>
      mailDifferences(mailer, config.operator, tenant, differences, log),
  });
  stops.push(() => reconciler.stop());

  const archive = openArchiveStore(config.archive);
  const restore = (order: { tenant: string; id: string }) => restoreTrail(pool, archive, order);
  if (runsWorkflows && config.archive.afterDays !== null) {
    const archiver = startArchiver({ pool, store: archive, log, afterDays: config.archive.afterDays });
    stops.push(() => archiver.stop());
  }

  const checkpoints = await startCheckpointsOf(config, pool, mailer, log);
  stops.push(() => checkpoints?.stop());

  const leaving = new AbortController();
  const stopping = new AbortController();
  const probes = {
    ...{ pool, metrics, log, leaving: leaving.signal, stopping: stopping.signal },
    accepting: () => !leaving.signal.aborted,
    ...{ holdsLease: () => engine.holdsLease(), health },
  };
  const common = { url, providerUrl: provider?.url ?? null, databaseUrl, leave: () => leaving.abort() };
  const end = async (close: () => void) => {
    leaving.abort();
    stopping.abort();
    close();
    // Requests under way are answered while everything that they need still runs.
    await closeServer(server);
  };
  if (!takesRequests) {
    const handle = createWorkerApp(probes).callback();
    ready((request, response) => void handle(request, response));
    stops.push(() => end(() => {}));
    return { ...common, links: metricsLink(url) };
  }

  const access = startAccess({
    ...{ config, pool, mailer, publicUrl, linkSecrets, log },
    provider: { name: paymentProvider.name, url: provider?.url ?? null },
    mailbox: mailbox !== null,
  });
  const feed = createTrailFeed({ db: pool, onChanged, log });
  const changes = createChangesFeed({ db: pool, onAnyChanged, log });
  const links = linksOf(url, provider?.url ?? null, mailbox !== null);
  const timeline = {
    ...{ pool, feed, restore, publicUrl, log },
    secrets: linkSecrets,
    mailbox: mailbox !== null,
  };
  const app = createApp({
    ...probes,
    tenantPool,
    policy,
    provider: paymentProvider.name,
    intake,
    sources,
    links,
    publicUrl,
    guards: access.guards,
    console: access.console,
    mailbox,
    resources: [
      auditRoutes({ pool: tenantPool, feed, restore, authenticate: access.authenticate, log }),
      approvalRequestRoutes({
        ...{ pool: tenantPool, policy, outbound, seal, log },
        secretOf: (id, stored) => shownCallbackSecret(seal, id, stored),
      }),
      checkpointRoutes({ pool: tenantPool, checkpoints }),
      timelineLinkRoutes({ ...timeline, pool: tenantPool }),
      reconciliationRoutes({ pool: tenantPool, report: reconciler.report }),
      webhookEndpointRoutes({ pool: tenantPool, seal, outbound }),
      webhookDeliveryRoutes({ pool: tenantPool, wake: () => deliveries?.wake() }),
      changesRoutes({ feed: changes, authenticate: access.authenticate, log }),
      overviewRoutes({ pool: tenantPool, health, provider: paymentProvider.name }),
      apiKeyRoutes(tenantPool, log),
    ],
    open: [auditKeyRoutes(pool), timelineRoutes(timeline)],
  });
  const handle = app.callback();
  const upgrade = auditSocket({ pool: tenantPool, feed, restore, authenticate: access.authenticate, log });
  server.on("upgrade", (request, socket, head) => {
    if (!upgrade(request, socket, head)) socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
  });
  ready((request, response) => void handle(request, response));
  stops.push(() =>
    end(() => {
      feed.close();
      changes.close();
    }),
  );
  return { ...common, links };
}
