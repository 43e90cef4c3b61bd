import { Center, Loader } from "@mantine/core";
import { SessionProvider, useSigned } from "./api/session.ts";
import { Pages } from "./pages.tsx";
import { Frame } from "./shell/frame.tsx";
import { Trouble } from "./show/trouble.tsx";
import SignInPage from "./sign-in/page.tsx";

/** The pages for whoever is signed in, the ways in for everybody else. The URL stays, so one lands where one wanted to go. */
export function App() {
  const signed = useSigned();
  if (!signed.data)
    return (
      <Center mih="100dvh" p="md">
        {signed.error ? (
          <Trouble error={signed.error} again={() => void signed.refetch()} />
        ) : (
          <Loader aria-label="Loading the console" />
        )}
      </Center>
    );
  if ("out" in signed.data) return <SignInPage {...signed.data.out} />;
  return (
    <SessionProvider value={signed.data.in}>
      <Frame>
        <Pages />
      </Frame>
    </SessionProvider>
  );
}
