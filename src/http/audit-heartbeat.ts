/** The same items, and null whenever none has come for a while. */
export async function* heartbeats<T>(items: AsyncGenerator<T>, everyMs: number): AsyncGenerator<T | null> {
  try {
    for (;;) {
      const next = items.next();
      for (;;) {
        const result = await orNull(next, everyMs);
        if (result?.done) return;
        yield result === null ? null : result.value;
        if (result !== null) break;
      }
    }
  } finally {
    await items.return(undefined);
  }
}

async function orNull<T>(promise: Promise<T>, afterMs: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), afterMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
