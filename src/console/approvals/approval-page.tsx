import { Alert, Grid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ApprovalAnswer } from "../../contract/answers/approvals.ts";
import { read } from "../api/request.ts";
import { useSession } from "../api/session.ts";
import { Loaded } from "../show/loaded.tsx";
import { Page } from "../show/page.tsx";
import { StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";
import { Actions } from "./actions.tsx";
import { AmendmentsCard, HistoryCard } from "./changes-card.tsx";
import { isAsked } from "./dialogs/dialog.ts";
import { GatesCard } from "./gates-card.tsx";
import { SubjectCard } from "./subject-card.tsx";

const WITHIN = [{ title: "Approvals", href: "/approvals" }];

/** One approval, live: what is asked, who decides, and what comes next. */
export default function ApprovalPage({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ["approval", id],
    queryFn: ({ signal }) => read<ApprovalAnswer>(`/v1/approvals/${id}`, {}, signal),
  });
  if (query.data === undefined)
    return (
      <Page title="Approval" within={WITHIN}>
        <Loaded query={query} what="approval">
          {() => null}
        </Loaded>
      </Page>
    );
  return <Shown approval={query.data} />;
}

function Shown({ approval }: { approval: ApprovalAnswer }) {
  const { user } = useSession();
  const { status, subject, decided_by, decided_at, comment, amendments, history } = approval;
  return (
    <Page
      title={subject.reference}
      aside={<StatusChip status={status} size="lg" />}
      actions={<Actions approval={approval} />}
      within={WITHIN}
    >
      {status === "pending" && isAsked(approval, user) && <Alert color="yellow" title="It waits for you" />}
      {status !== "pending" && decided_at && (
        <Alert color={status === "approved" ? "countersign" : "gray"} title={`Decided by ${decided_by}`}>
          <Text size="sm">
            <When at={decided_at} />
            {comment ? `: “${comment}”` : ""}
          </Text>
        </Alert>
      )}
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <SubjectCard approval={approval} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Stack gap="lg">
            <GatesCard approval={approval} />
            {amendments.length > 0 && <AmendmentsCard amendments={amendments} />}
            {history.length > 0 && <HistoryCard history={history} />}
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}
