import { ProviderError, type PaymentProvider } from "../payments/provider.ts";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import { observed } from "./observed.ts";

/** The provider with each call measured, traced, and remembered for `/readyz`. */
export function observedProvider(
  provider: PaymentProvider,
  { metrics, health }: { metrics: Pick<Metrics, "providerCalls">; health: Health },
): PaymentProvider {
  const call = <T>(operation: string, run: () => Promise<T>): Promise<T> =>
    observed(
      {
        name: `${provider.name} ${operation}`,
        attributes: { "peer.service": provider.name },
        tell(seconds, ended) {
          const outcome = "error" in ended ? outcomeOf(ended.error) : "ok";
          metrics.providerCalls.observe({ operation, outcome }, seconds);
          // Who refuses has answered.
          if (outcome === "retry") health.failed(codeOf("error" in ended ? ended.error : null));
          else health.worked();
        },
      },
      run,
    );
  return {
    name: provider.name,
    open: (...args) => call("open", () => provider.open(...args)),
    confirm: (...args) => call("confirm", () => provider.confirm(...args)),
    capture: (...args) => call("capture", () => provider.capture(...args)),
    void: (...args) => call("void", () => provider.void(...args)),
    expireSession: (...args) => call("expire_session", () => provider.expireSession(...args)),
    refund: (...args) => call("refund", () => provider.refund(...args)),
    retrieve: (...args) => call("retrieve", () => provider.retrieve(...args)),
    retrieveSession: (...args) => call("retrieve_session", () => provider.retrieveSession(...args)),
    statement: (...args) => call("statement", () => provider.statement(...args)),
    async *missedEvents(...args) {
      const events = provider.missedEvents(...args)[Symbol.asyncIterator]();
      for (;;) {
        const next = await call("missed_events", () => events.next());
        if (next.done) return;
        yield next.value;
      }
    },
  };
}

const outcomeOf = (error: unknown): "retry" | "refused" =>
  error instanceof ProviderError && !error.retry ? "refused" : "retry";

const codeOf = (error: unknown): string => (error instanceof ProviderError ? error.code : "unknown");
