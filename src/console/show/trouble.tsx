import { Alert, Button, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { RefusedError } from "../api/request.ts";

/** What went wrong, field by field where the service said so, and a way to try again. */
export function Trouble({ error, again }: { error: Error; again?: () => void }) {
  const problem = error instanceof RefusedError ? error.problem : {};
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={problem.title ?? "That did not work"}
    >
      <Text size="sm">{error.message}</Text>
      {problem.errors && (
        <List size="sm" mt="xs">
          {problem.errors.map(({ path, message }) => (
            <List.Item key={path + message}>
              <b>{path}</b> {message}
            </List.Item>
          ))}
        </List>
      )}
      {again && (
        <Button size="xs" variant="light" color="red" mt="sm" onClick={again}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

/** Of a form's field: what the service said about it. `path` as in `items[0].quantity`. */
export const faultOf = (error: Error | null, path: string): string | undefined =>
  error instanceof RefusedError
    ? error.problem.errors?.find((each) => each.path === path)?.message
    : undefined;
