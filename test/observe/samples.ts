/** What a scrape says. */
export interface Samples {
  names: Set<string>;
  /** The one sample that has these labels, among others; undefined when there is none. */
  of(name: string, labels?: Record<string, string>): number | undefined;
}

/** Reads Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/) as far as we write it. */
export function samples(text: string): Samples {
  const lines = [...text.matchAll(/^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/gm)].map(
    ([, name = "", labels = "", value]) => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", text = ""]) => [key, text]),
      ),
      value: Number(value),
    }),
  );
  return {
    names: new Set(lines.map(({ name }) => name)),
    of: (name, labels = {}) =>
      lines.find(
        (line) =>
          line.name === name && Object.entries(labels).every(([key, value]) => line.labels[key] === value),
      )?.value,
  };
}
