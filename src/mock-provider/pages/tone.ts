const TONES: Record<string, string> = {
  succeeded: "good",
  delivered: "good",
  enabled: "good",
  complete: "good",
  won: "good",
  warning_closed: "good",
  canceled: "bad",
  failed: "bad",
  dropped: "bad",
  disabled: "bad",
  lost: "bad",
  needs_response: "bad",
  requires_action: "wait",
  requires_capture: "wait",
  processing: "wait",
  pending: "wait",
  under_review: "wait",
  warning_needs_response: "wait",
};

/** The colour of a status, as a class. */
export const toneOf = (status: string): string => TONES[status] ?? "";
