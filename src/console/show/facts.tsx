import { Text } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import classes from "./facts.module.css";

/** Names and values of one object. What is null or undefined is left out. */
export const Facts = ({ of }: { of: Record<string, ReactNode> }) => (
  <dl className={classes["facts"]}>
    {Object.entries(of)
      .filter(([, value]) => value !== null && value !== undefined && value !== false)
      .map(([name, value]) => (
        <Fragment key={name}>
          <Text component="dt" size="sm" c="dimmed">
            {name}
          </Text>
          <Text component="dd" m={0} size="sm">
            {value}
          </Text>
        </Fragment>
      ))}
  </dl>
);
