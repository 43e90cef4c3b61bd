import { Alert, SegmentedControl, SimpleGrid, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import type { OverviewAnswer, SeriesAnswer } from "../../contract/answers/overview.ts";
import { read } from "../api/request.ts";
import { Card } from "../show/card.tsx";
import { useFilters } from "../show/filters.ts";
import { Loaded } from "../show/loaded.tsx";
import { Page } from "../show/page.tsx";
import { Processes } from "./processes.tsx";
import { Tiles } from "./tiles.tsx";

const Plot = lazy(() => import("./plot.tsx"));

const SERIES_MS = 30_000;

/** What is open and what waits the longest, whom we call, and how much there is to do. */
export default function HealthPage() {
  const [{ window = "hour" }, set] = useFilters();
  const overview = useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => read<OverviewAnswer>("/v1/overview", {}, signal),
  });
  const series = useQuery({
    queryKey: ["series", window],
    queryFn: ({ signal }) => read<SeriesAnswer>("/v1/overview/series", { window }, signal),
    refetchInterval: SERIES_MS,
  });
  return (
    <Page title="Health">
      <Loaded query={overview} what="overview">
        {(data) => (
          <Stack gap="lg">
            <Troubles overview={data} />
            <Tiles overview={data} />
          </Stack>
        )}
      </Loaded>
      <SegmentedControl
        aria-label="How far back"
        value={window}
        onChange={(next) => set({ window: next === "hour" ? null : next })}
        data={[
          { value: "hour", label: "Last hour" },
          { value: "day", label: "Last day" },
        ]}
        style={{ alignSelf: "flex-start" }}
      />
      <Loaded query={series} what="plots">
        {({ data, step_s }) => (
          <Suspense>
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
              <Card title="Orders">
                <Plot
                  data={data}
                  step={step_s}
                  lines={{ orders_created: "Created", orders_ended: "Ended" }}
                />
              </Card>
              <Card title="Webhooks and captures">
                <Plot
                  data={data}
                  step={step_s}
                  lines={{ webhooks_received: "Webhooks", payments_captured: "Captures" }}
                />
              </Card>
              <Card title="Approvals decided">
                <Plot data={data} step={step_s} lines={{ approvals_decided: "Decided" }} />
              </Card>
              <Card title="From webhook to status">
                <Plot
                  data={data}
                  step={step_s}
                  unit="ms"
                  lines={{ webhook_to_status_ms_p50: "Half within", webhook_to_status_ms_p95: "95 % within" }}
                />
              </Card>
            </SimpleGrid>
          </Suspense>
        )}
      </Loaded>
      <Loaded query={overview} what="overview">
        {(data) => <Processes {...data} />}
      </Loaded>
    </Page>
  );
}

/** Whom we call and do not reach. */
function Troubles({ overview: { mail, provider } }: { overview: OverviewAnswer }) {
  return (
    <>
      {!provider.ok && (
        <Alert color="red" role="alert" title={`The provider ${provider.name} does not answer as it should`}>
          {provider.reason} Orders wait and go on by themselves once it does.
        </Alert>
      )}
      {!mail.ok && (
        <Alert color="red" role="alert" title="Mails do not go out">
          {mail.reason} They are kept and sent once the mail server takes them; look at SMTP_URL.
        </Alert>
      )}
    </>
  );
}
