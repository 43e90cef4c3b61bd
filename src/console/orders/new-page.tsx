import {
  Box,
  Button,
  Grid,
  Group,
  Input,
  Paper,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useState } from "react";
import { useLocation } from "wouter";
import type { OrderView } from "../../contract/answers/orders.ts";
import { formatMoney } from "../../domain/money.ts";
import { useCommand } from "../api/command.ts";
import { useSession } from "../api/session.ts";
import { AmountInput } from "../show/amount-input.tsx";
import { Page } from "../show/page.tsx";
import { faultOf, Trouble } from "../show/trouble.tsx";
import { CardHelp } from "./card-help.tsx";
import { amountOf, orderOf, type Draft } from "./draft.ts";
import { Examples } from "./examples.tsx";
import { ItemFields } from "./item-fields.tsx";
import { draftOf } from "./presets.ts";
import { TEST_CARDS } from "./test-cards.ts";

const CURRENCIES = Intl.supportedValuesOf("currency").map((code) => ({
  value: code.toLowerCase(),
  label: code,
}));

/** Creates an order by hand, and leads to its page. */
export default function NewOrderPage() {
  const { provider } = useSession();
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState(() => draftOf({}));
  const put = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const amount = amountOf(draft);
  const create = useCommand<void, OrderView>({
    path: "/v1/orders",
    body: () => orderOf(draft),
    changes: [["orders"], ["overview"]],
    done: ({ id }) => navigate(`/orders/${id}`),
  });
  const text = (
    name: "reference" | "description" | "email" | "name" | "requested_by",
    path: string = name,
  ) => ({
    value: draft[name],
    onChange: (event: { currentTarget: { value: string } }) => put({ [name]: event.currentTarget.value }),
    error: faultOf(create.error, path),
  });
  return (
    <Page title="New order" within={[{ title: "Orders", href: "/orders" }]}>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 4 }} order={{ md: 2 }}>
          <Stack gap="lg">
            <Examples choose={(preset) => setDraft(draftOf(preset))} />
            {provider.url && (
              <Box visibleFrom="md">
                <CardHelp />
              </Box>
            )}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }} order={{ md: 1 }}>
          <Paper
            withBorder
            p="md"
            component="form"
            onSubmit={(event) => {
              event.preventDefault();
              create.mutate();
            }}
          >
            <Stack gap="md">
              {create.error && <Trouble error={create.error} />}
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                <TextInput
                  label="Reference"
                  description="Your number for it"
                  {...text("reference")}
                  required
                  maxLength={200}
                />
                <Textarea
                  label="Description"
                  description="Approvers read it"
                  {...text("description")}
                  autosize
                  maxLength={1_000}
                />
                {draft.items.length === 0 && (
                  <AmountInput
                    label="Amount"
                    currency={draft.currency}
                    value={draft.amount}
                    onChange={(typed) => put({ amount: typed })}
                    error={faultOf(create.error, "amount")}
                    required
                  />
                )}
                <Select
                  label="Currency"
                  data={CURRENCIES}
                  value={draft.currency}
                  onChange={(currency) => currency && put({ currency })}
                  error={faultOf(create.error, "currency")}
                  searchable
                  allowDeselect={false}
                />
              </SimpleGrid>
              <ItemFields
                items={draft.items}
                currency={draft.currency}
                onChange={(items) => put({ items })}
                faultOf={(path) => faultOf(create.error, path)}
              />
              <SimpleGrid cols={{ base: 1, sm: 3 }}>
                <TextInput label="Customer" {...text("name", "customer.name")} maxLength={200} />
                <TextInput label="Customer’s mail" type="email" {...text("email", "customer.email")} />
                <TextInput
                  label="Requested by"
                  type="email"
                  placeholder="may not approve it"
                  {...text("requested_by")}
                />
              </SimpleGrid>
              <Choice
                label="How it is paid"
                value={draft.mode}
                onChange={(mode) => put({ mode })}
                of={{ checkout: "Checkout", client: "Own page", confirm: "By server" }}
              />
              {draft.mode === "confirm" && (
                <Select
                  label="Payment method"
                  description="Of the bundled provider"
                  data={TEST_CARDS.map(({ method, does }) => ({
                    value: method,
                    label: `${method}: ${does}`,
                  }))}
                  value={draft.method}
                  onChange={(method) => method && put({ method })}
                  error={faultOf(create.error, "payment.payment_method")}
                  allowDeselect={false}
                />
              )}
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                <Choice
                  label="When it is captured"
                  value={draft.capture}
                  onChange={(capture) => put({ capture })}
                  of={{ automatic: "By itself", manual: "When told to" }}
                />
                {draft.items.length > 0 && (
                  <Choice
                    label="Fulfilment"
                    value={draft.fulfilment}
                    onChange={(fulfilment) => put({ fulfilment })}
                    of={{ none: "Not awaited", manual: "Item by item" }}
                  />
                )}
              </SimpleGrid>
              <Group justify="flex-end">
                <Button type="submit" loading={create.isPending} disabled={amount === null || amount < 1}>
                  {amount === null || amount < 1
                    ? "Create the order"
                    : `Create the order for ${formatMoney({ amount, currency: draft.currency })}`}
                </Button>
              </Group>
            </Stack>
          </Paper>
        </Grid.Col>
        {provider.url && (
          <Grid.Col span={12} hiddenFrom="md">
            <CardHelp />
          </Grid.Col>
        )}
      </Grid>
    </Page>
  );
}

function Choice<T extends string>({
  label,
  value,
  onChange,
  of,
}: {
  label: string;
  value: T;
  onChange: (value: T) => void;
  of: Record<T, string>;
}) {
  return (
    <Stack gap={4}>
      <Input.Label component="div">{label}</Input.Label>
      <SegmentedControl
        aria-label={label}
        value={value}
        onChange={(next) => onChange(next as T)}
        data={Object.entries<string>(of).map(([value, label]) => ({ value, label }))}
      />
    </Stack>
  );
}
