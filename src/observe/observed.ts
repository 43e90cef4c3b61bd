import { inSpan } from "./trace.ts";

interface Observed<T> {
  /** Of the span. */
  name: string;
  attributes?: Record<string, string | number>;
  /** Told how long it took, in seconds, and how it ended. */
  tell: (seconds: number, ended: { value: T } | { error: unknown }) => void;
}

/** Runs a call to somebody else as a span, and measures it. */
export async function observed<T>(
  { name, attributes = {}, tell }: Observed<T>,
  call: () => Promise<T>,
): Promise<T> {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  return inSpan(name, { kind: "client", attributes }, async () => {
    try {
      const value = await call();
      tell(seconds(), { value });
      return value;
    } catch (error) {
      tell(seconds(), { error });
      throw error;
    }
  });
}
