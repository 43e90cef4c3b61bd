import { VisuallyHidden } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { OrderStatus } from "../../contract/answers/orders.ts";
import { inWords } from "../show/status-chip.tsx";
import { STATUSES } from "./statuses.ts";
import { BOX, DRAWN, NARROW, WIDE, type Map, type Place } from "./way-places.ts";
import classes from "./way-diagram.module.css";

/** The states of an order, the way that this one took, and where it is. */
export function WayDiagram({ way }: { way: OrderStatus[] }) {
  const map = useMediaQuery("(min-width: 62em)") ? WIDE : NARROW;
  const steps = way.slice(1).map((to, index) => [way[index], to] as [OrderStatus, OrderStatus]);
  const now = way.at(-1);
  const passed = new Set(way);
  return (
    <>
      <svg
        viewBox={`0 0 ${map.width} ${map.height}`}
        className={classes.map}
        style={{ maxWidth: map.width }}
        aria-hidden="true"
      >
        <defs>
          <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0L8 4L0 8z" className={classes.tip} />
          </marker>
        </defs>
        {DRAWN.map(([from, to]) => (
          <path key={from + to} d={line(map, from, to)} className={classes.edge} />
        ))}
        {steps.map(([from, to], index) => (
          <path key={index} d={line(map, from, to)} className={classes.taken} markerEnd="url(#tip)" />
        ))}
        {STATUSES.map((status) => (
          <State
            key={status}
            status={status}
            place={map.places[status]}
            look={status === now ? "now" : passed.has(status) ? "passed" : "else"}
          />
        ))}
      </svg>
      <VisuallyHidden>
        The order went {way.map(inWords).join(", then ")}, which is where it is now.
      </VisuallyHidden>
    </>
  );
}

function State({
  status,
  place,
  look,
}: {
  status: OrderStatus;
  place: Place;
  look: "now" | "passed" | "else";
}) {
  return (
    <g className={classes[look]}>
      <rect
        x={place.x - BOX.width / 2}
        y={place.y - BOX.height / 2}
        width={BOX.width}
        height={BOX.height}
        rx={8}
      />
      <text x={place.x} y={place.y + 4.5} textAnchor="middle">
        {inWords(status)}
      </text>
    </g>
  );
}

/** From the edge of one box to the edge of the other: straight to a neighbour, else in an arc over what lies between. */
function line({ places }: Map, from: OrderStatus, to: OrderStatus): string {
  const [a, b] = [places[from], places[to]];
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const halfWidth = BOX.width / 2;
  const halfHeight = BOX.height / 2;
  if (dy === 0) {
    const side = Math.sign(dx);
    if (Math.abs(dx) < BOX.width * 1.6)
      return `M${a.x + side * halfWidth} ${a.y}L${b.x - side * halfWidth} ${b.y}`;
    return `M${a.x} ${a.y - halfHeight}C${a.x + dx * 0.2} ${a.y - 50} ${b.x - dx * 0.2} ${b.y - 50} ${b.x} ${b.y - halfHeight}`;
  }
  if (dx === 0) {
    const side = Math.sign(dy);
    if (Math.abs(dy) < 60) return `M${a.x} ${a.y + side * halfHeight}L${b.x} ${b.y - side * halfHeight}`;
    const beside = a.x - halfWidth - 14;
    return `M${a.x - halfWidth} ${a.y}C${beside} ${a.y} ${beside} ${b.y} ${b.x - halfWidth} ${b.y}`;
  }
  const side = Math.sign(dx);
  const [x1, x2] = [a.x + side * halfWidth, b.x - side * halfWidth];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${a.y}C${middle} ${a.y} ${middle} ${b.y} ${x2} ${b.y}`;
}
