import {
  Alert,
  Button,
  Center,
  Divider,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { SignedOutProblem } from "../../contract/answers/sessions.ts";
import { send } from "../api/request.ts";
import { signInByKey } from "../api/session.ts";
import { Trouble } from "../show/trouble.tsx";
import { Logo } from "../shell/logo.tsx";

/** The key of every service in development that was given none (`API_KEYS`). */
const DEVELOPMENT_KEY = "ck_dev";

/** The ways in that the service offers. */
export default function SignInPage({ sign_in: ways, environment }: SignedOutProblem) {
  useDocumentTitle("Sign in · Countersign");
  return (
    <Center component="main" mih="100dvh" p="md">
      <Paper withBorder p="xl" w="100%" maw={420}>
        <Stack gap="lg">
          <Stack gap={6} align="center">
            <Logo size={40} />
            <Title order={1} size="h3">
              Sign in to Countersign
            </Title>
          </Stack>
          {ways.includes("oidc") && (
            <Button component="a" href="/console/oidc" size="md" fullWidth>
              Sign in with your organisation
            </Button>
          )}
          {ways.includes("mail") && <ByMail />}
          {ways.length > 1 && ways.includes("key") && <Divider label="or" />}
          {ways.includes("key") && <ByKey development={environment === "development"} />}
        </Stack>
      </Paper>
    </Center>
  );
}

function ByKey({ development }: { development: boolean }) {
  const [key, setKey] = useState("");
  const signIn = useMutation({ mutationFn: signInByKey });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate(key.trim());
      }}
    >
      <Stack gap="sm">
        {signIn.error && <Trouble error={signIn.error} />}
        <PasswordInput
          label="API key"
          description="It stays on the server; this browser gets a cookie."
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          autoComplete="current-password"
          required
        />
        <Button type="submit" loading={signIn.isPending} fullWidth>
          Sign in
        </Button>
        {development && (
          <Button variant="light" onClick={() => signIn.mutate(DEVELOPMENT_KEY)} fullWidth>
            Use the development key
          </Button>
        )}
      </Stack>
    </form>
  );
}

function ByMail() {
  const [email, setEmail] = useState("");
  const ask = useMutation({ mutationFn: () => send("POST", "/console/sign-in", { email: email.trim() }) });
  if (ask.isSuccess)
    return (
      <Alert color="countersign" title="Look into your mail" role="status">
        <Text size="sm">
          If {email} is an operator’s address, a link is on its way. It works once, for 15 minutes.
        </Text>
      </Alert>
    );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate();
      }}
    >
      <Stack gap="sm">
        {ask.error && <Trouble error={ask.error} />}
        <TextInput
          label="Your mail address"
          type="email"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          autoComplete="email"
          required
        />
        <Button type="submit" loading={ask.isPending} fullWidth>
          Mail me a link
        </Button>
      </Stack>
    </form>
  );
}
