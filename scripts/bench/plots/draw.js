/**
 * The benchmark's plots as SVG texts, readable on light and on dark pages alike. Plain JavaScript, since its packages are
 * installed on demand and nobody else needs their types.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

const { document } = parseHTML("<!doctype html><body></body>");
const [BLUE, ORANGE, GREY] = ["#3b82f6", "#e08a1e", "#8b949e"];
const WIDTH = 380;
const HEIGHT = 240;
/** A picture in a page knows the reader's preference, though not the page's colours. */
const STYLE = `svg{color:#24292f;font:12px system-ui,sans-serif}@media(prefers-color-scheme:dark){svg{color:#e6edf3}}`;

const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 3 });

/** Charts side by side in one picture, with a title for who cannot see it. */
function picture(title, charts, width = charts.length * WIDTH) {
  const inner = charts.map((chart, i) => {
    chart.setAttribute("x", String(i * WIDTH));
    // Meant for a picture of its own: inside another, it would take all of its room.
    for (const style of chart.querySelectorAll("style")) style.remove();
    return chart.outerHTML;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${title}"><title>${title}</title><style>${STYLE}</style>${inner.join("")}</svg>\n`;
}

const chart = (options) =>
  Plot.plot({ document, width: WIDTH, height: HEIGHT, marginLeft: 55, marginBottom: 40, ...options });

/** Who completes how many orders in a second: a bar for the median, a line from the slowest round to the fastest. */
export function contenders(rows) {
  const bars = rows.map(({ name, value, values, ours }) => ({
    ...{ name, value, fill: ours ? BLUE : GREY },
    ...{ low: Math.min(...values), high: Math.max(...values) },
  }));
  const drawn = chart({
    ...{ width: 2 * WIDTH, height: HEIGHT, marginLeft: 180, marginRight: 50 },
    x: { label: "orders/s", grid: true },
    y: { label: null, domain: bars.map(({ name }) => name) },
    marks: [
      Plot.barX(bars, { x: "value", y: "name", fill: "fill", insetTop: 6, insetBottom: 6 }),
      Plot.ruleY(bars, { x1: "low", x2: "high", y: "name", stroke: "currentColor" }),
      Plot.text(bars, { x: "high", y: "name", text: (d) => number(d.value), textAnchor: "start", dx: 6 }),
    ],
  });
  return picture("Orders completed in a second, by contender", [drawn], 2 * WIDTH);
}

/** How orders/s and latency change with the size of something. */
export function growth(label, points) {
  const sizes = points.map(({ at }) => number(at));
  // Zero has no place on a logarithmic axis: sizes stand side by side, as they were measured.
  const placed = points.map((point) => ({ ...point, size: number(point.at) }));
  const x = { label, domain: sizes, type: "point" };
  const line = (y, stroke) => [
    Plot.lineY(placed, { x: "size", y, stroke, strokeWidth: 2 }),
    Plot.dot(placed, { x: "size", y, fill: stroke, r: 3.5 }),
  ];
  const last = placed.slice(-1);
  const named = (y, text, fill) => Plot.text(last, { x: "size", y, text: () => text, fill, dy: -10, dx: -8 });
  return picture(`Orders by ${label}`, [
    chart({
      ...{ x, y: { label: "orders/s", grid: true, zero: true } },
      marks: [Plot.ruleY([0]), ...line("per_s", BLUE)],
    }),
    chart({
      ...{ x, y: { label: "created to completed, ms", grid: true, zero: true } },
      marks: [
        Plot.ruleY([0]),
        ...line("p50_ms", BLUE),
        ...line("p99_ms", ORANGE),
        named("p50_ms", "p50", BLUE),
        named("p99_ms", "p99", ORANGE),
      ],
    }),
  ]);
}
