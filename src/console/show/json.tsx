import { ActionIcon, Code, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import classes from "./json.module.css";

/** A value as JSON, to be read and copied. */
export function Json({ value, what }: { value: unknown; what: string }) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <div className={classes["json"]}>
      <Code block fz="xs" className={classes["text"]} tabIndex={0} aria-label={what}>
        {text}
      </Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : `Copy ${what}`}>
            <ActionIcon
              variant="default"
              size="sm"
              onClick={copy}
              aria-label={`Copy ${what}`}
              className={classes["copy"]}
            >
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </div>
  );
}
