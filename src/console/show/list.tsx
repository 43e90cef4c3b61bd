import { Button, Group, Paper, Table, VisuallyHidden } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import type { List as ListAnswer } from "../../contract/paging.ts";
import { read } from "../api/request.ts";
import { useFilters } from "./filters.ts";
import { Loaded } from "./loaded.tsx";

export interface Column<T> {
  title: string;
  cell: (item: T) => ReactNode;
  align?: "left" | "right";
  /** Not shown below this width. */
  from?: "sm" | "md" | "lg";
}

interface ListProps<T> {
  /** The query's first key, as `api/changes.ts` names it: `orders`. */
  name: string;
  /** `orders`, in messages and for screen readers. */
  what: string;
  path: string;
  /** Which of the URL's parameters are the list's filters. */
  filters?: readonly string[];
  /** What goes into the query beside them. */
  query?: Record<string, string | undefined>;
  columns: Column<T>[];
  /** Where a row leads; the first cell should hold a link to it too, for the keyboard. */
  href?: (item: T) => string;
  /** Shown when there is nothing. */
  empty: ReactNode;
}

/** A live list, a page at a time; filters and page are in the URL. */
export function List<T extends { id: string }>({
  name,
  what,
  path,
  filters: names = [],
  query: fixed = {},
  columns,
  href,
  empty,
}: ListProps<T>) {
  const [all, setFilters] = useFilters();
  const filters = Object.fromEntries(
    Object.entries(all).filter(([name]) => name === "cursor" || names.includes(name)),
  );
  const [, navigate] = useLocation();
  const asked = { limit: "25", ...filters, ...fixed };
  const query = useQuery({
    queryKey: [name, asked],
    queryFn: ({ signal }) => read<ListAnswer<T>>(path, asked, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={query} what={what}>
      {({ data, has_more, next_cursor }) =>
        data.length === 0 && !filters["cursor"] ? (
          empty
        ) : (
          <>
            <Paper withBorder>
              <Table.ScrollContainer minWidth={0} type="native">
                <Table highlightOnHover verticalSpacing="sm" aria-label={what}>
                  <Table.Thead>
                    <Table.Tr>
                      {columns.map(({ title, align = "left", from }) => (
                        <Table.Th key={title} ta={align} {...(from ? { visibleFrom: from } : {})}>
                          {title}
                        </Table.Th>
                      ))}
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {data.map((item) => (
                      <Table.Tr
                        key={item.id}
                        {...(href
                          ? {
                              style: { cursor: "pointer" },
                              onClick: (event) => {
                                // A link or a button within the row does its own work.
                                if (!(event.target as Element).closest("a,button,input"))
                                  navigate(href(item));
                              },
                            }
                          : {})}
                      >
                        {columns.map(({ title, cell, align = "left", from }) => (
                          <Table.Td key={title} ta={align} {...(from ? { visibleFrom: from } : {})}>
                            {cell(item)}
                          </Table.Td>
                        ))}
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </Paper>
            {(has_more || filters["cursor"]) && (
              <Group justify="space-between">
                <Button
                  variant="default"
                  disabled={!filters["cursor"]}
                  onClick={() => setFilters({ cursor: null })}
                >
                  First page
                </Button>
                <Button
                  variant="default"
                  disabled={!has_more}
                  onClick={() => setFilters({ cursor: next_cursor })}
                >
                  Next page
                </Button>
              </Group>
            )}
            <VisuallyHidden aria-live="polite">
              {query.isFetching ? "" : `${data.length} ${what} shown`}
            </VisuallyHidden>
          </>
        )
      }
    </Loaded>
  );
}
