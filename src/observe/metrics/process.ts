import { collectDefaultMetrics, Gauge, type Registry } from "prom-client";

/** What this process has in hand. Read when it is scraped. */
export interface ProcessState {
  /** Workflows that wait here for a message or a deadline. */
  parked(): number;
  pools: Record<string, { totalCount: number; idleCount: number; waitingCount: number }>;
  /** Null where no workflows run. */
  holdsLease(): boolean | null;
  version: string;
}

/** The process itself: memory, CPU, event loop (prom-client's own), connections, lease. */
export function processMetrics(registry: Registry, state: ProcessState): void {
  const registers = [registry];
  // Every ten milliseconds, which is its default, were half of what an idle service does.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });
  new Gauge({
    name: "countersign_build_info",
    help: "Which release runs, on which Node; always 1",
    labelNames: ["version", "node"],
    registers,
  }).set({ version: state.version, node: process.versions.node }, 1);
  new Gauge({
    name: "countersign_workflows_parked",
    help: "Workflows of this process that wait for a message or a deadline",
    registers,
    collect() {
      this.set(state.parked());
    },
  });
  new Gauge({
    name: "countersign_pool_connections",
    help: "Connections to the database: used or idle",
    labelNames: ["pool", "state"],
    registers,
    collect() {
      for (const [pool, { totalCount, idleCount }] of Object.entries(state.pools)) {
        this.set({ pool, state: "used" }, totalCount - idleCount);
        this.set({ pool, state: "idle" }, idleCount);
      }
    },
  });
  new Gauge({
    name: "countersign_pool_waiting",
    help: "Who waits for a connection to the database",
    labelNames: ["pool"],
    registers,
    collect() {
      for (const [pool, { waitingCount }] of Object.entries(state.pools)) this.set({ pool }, waitingCount);
    },
  });
  new Gauge({
    name: "countersign_lease_held",
    help: "Whether the others take this process for alive (1) or not (0); absent where no workflows run",
    registers,
    collect() {
      const held = state.holdsLease();
      if (held === null) this.remove();
      else this.set(held ? 1 : 0);
    },
  });
}
