import "uplot/dist/uPlot.min.css";
import { Group, Table, Text, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import type { SeriesPoint } from "../../contract/answers/overview.ts";
import classes from "./plot.module.css";

const HEIGHT = 180;

/** First and second line: apart in lightness and in dashes, not in hue alone. */
const INK = {
  light: { lines: ["#0b6750", "#b8650a"], grid: "#e3e8ec", text: "#53616d" },
  dark: { lines: ["#5fd6ae", "#f2b35e"], grid: "#2b363e", text: "#a9b6c0" },
};

type Name = Exclude<keyof SeriesPoint, "at">;

interface PlotProps {
  data: SeriesPoint[];
  /** Seconds of one point. */
  step: number;
  lines: Partial<Record<Name, string>>;
  unit?: string;
}

/** Numbers over time as lines, with what they come to in words and, behind them, as a table. */
export default function Plot({ data, step, lines, unit = "" }: PlotProps) {
  const scheme = useComputedColorScheme("light");
  const { ref, width } = useElementSize();
  const holder = useRef<HTMLDivElement>(null);
  const names = Object.keys(lines) as Name[];
  const key = names.join();
  useEffect(() => {
    if (!holder.current || width === 0) return;
    const ink = INK[scheme];
    const axis = {
      stroke: ink.text,
      grid: { stroke: ink.grid, width: 1 },
      ticks: { stroke: ink.grid, width: 1 },
    };
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { points: { size: 6 } },
        scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
        axes: [
          axis,
          { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5] },
        ],
        series: [
          {},
          ...names.map((_, index) => ({
            stroke: ink.lines[index] ?? ink.text,
            width: 2,
            spanGaps: true,
            // One point alone makes no line.
            points: { show: true, size: 4 },
            ...(index > 0 ? { dash: [6, 4] } : {}),
          })),
        ],
      },
      [
        data.map(({ at }) => Date.parse(at) / 1_000),
        ...names.map((name) => data.map((point) => point[name])),
      ] as uPlot.AlignedData,
      holder.current,
    );
    return () => plot.destroy();
  }, [data, scheme, width, key]);
  return (
    <div ref={ref}>
      <Group gap="lg" mb={6}>
        {names.map((name, index) => (
          <Group key={name} gap={6}>
            <svg width="18" height="6" aria-hidden="true">
              <path
                d="M0 3H18"
                stroke={INK[scheme].lines[index]}
                strokeWidth="3"
                {...(index > 0 ? { strokeDasharray: "5 3" } : {})}
              />
            </svg>
            <Text size="sm">
              {lines[name]}: {total(data, name, unit)}
            </Text>
          </Group>
        ))}
      </Group>
      <div ref={holder} aria-hidden="true" style={{ height: HEIGHT }} />
      <details className={classes["numbers"]}>
        <summary>Numbers</summary>
        <Numbers data={data} step={step} lines={lines} />
      </details>
    </div>
  );
}

/** Of counts the sum, of latencies the last. */
function total(data: SeriesPoint[], name: Name, unit: string): string {
  const known = data.map((point) => point[name]).filter((value) => value !== null);
  if (unit !== "") return known.length === 0 ? "nothing yet" : `${Math.round(known.at(-1) ?? 0)} ${unit}`;
  return known.reduce((sum, value) => sum + value, 0).toLocaleString("en-US");
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const Numbers = ({ data, step, lines }: PlotProps) => (
  <Table aria-label={`Every ${step / 60} minutes`} verticalSpacing={2} fz="xs">
    <Table.Thead>
      <Table.Tr>
        <Table.Th>From</Table.Th>
        {Object.values(lines).map((title) => (
          <Table.Th key={title} ta="right">
            {title}
          </Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
    <Table.Tbody>
      {data.map((point) => (
        <Table.Tr key={point.at}>
          <Table.Td>{clock.format(new Date(point.at))}</Table.Td>
          {(Object.keys(lines) as Name[]).map((name) => (
            <Table.Td key={name} ta="right">
              {point[name] === null ? "–" : Math.round(point[name])}
            </Table.Td>
          ))}
        </Table.Tr>
      ))}
    </Table.Tbody>
  </Table>
);
