/** Who delivers webhooks in this process; it looks by itself now and then as well. */
let heard: () => void = () => {};

/** Calls back whenever a transition of this process has put webhooks on their way. */
export function onEnqueued(callback: () => void): () => void {
  heard = callback;
  return () => void (heard = () => {});
}

/** Call it after the commit, never before. */
export const announceEnqueued = (): void => heard();
