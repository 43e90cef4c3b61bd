import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { queries } from "./queries.ts";
import { send } from "./request.ts";

export interface Command<Variables, Answer> {
  method?: "POST" | "PATCH" | "DELETE";
  path: string | ((variables: Variables) => string);
  body?: (variables: Variables) => unknown;
  /** What has changed by it; it is read anew. */
  changes: string[][];
  /** Said when it was done; nothing is said without it. */
  said?: string | ((answer: Answer, variables: Variables) => string);
  done?: (answer: Answer, variables: Variables) => void;
}

/**
 * Something that changes things. Its Idempotency-Key stays the same until it was done or what is sent differs, so that who
 * presses twice, or again after a lost answer, does it once.
 */
export function useCommand<Variables = void, Answer = unknown>(command: Command<Variables, Answer>) {
  const intention = useRef({ sent: "", key: "" });
  return useMutation<Answer, Error, Variables>({
    mutationFn: (variables) => {
      const path = typeof command.path === "string" ? command.path : command.path(variables);
      const body = command.body?.(variables);
      const sent = path + JSON.stringify(body);
      if (intention.current.sent !== sent) intention.current = { sent, key: crypto.randomUUID() };
      return send<Answer>(command.method ?? "POST", path, body, intention.current.key);
    },
    onSuccess: (answer, variables) => {
      intention.current = { sent: "", key: "" };
      for (const queryKey of command.changes) void queries.invalidateQueries({ queryKey });
      if (command.said !== undefined)
        notifications.show({
          message: typeof command.said === "string" ? command.said : command.said(answer, variables),
          color: "countersign",
        });
      command.done?.(answer, variables);
    },
  });
}
