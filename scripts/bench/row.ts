/** One line of the result: `value` is the median of `values`, one of each round. */
export interface Row {
  id: string;
  what: string;
  unit: string;
  value: number;
  values: number[];
  detail?: Record<string, number | string>;
}

export interface Settings {
  /** Fewer and shorter rounds, to see that everything runs. */
  quick: boolean;
  say: (line: string) => void;
}
