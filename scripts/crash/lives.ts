import type { Played } from "./judge.ts";
import { patientPeople } from "./people.ts";
import type { Stage } from "./stage.ts";
import { STORIES } from "./stories.ts";

interface Lives {
  /** Orders under way at once. */
  sideBySide: number;
  stop: AbortSignal;
  /** Ends all that is still waited for. */
  patience: AbortSignal;
}

/**
 * People start orders side by side until they are told to stop, and finish what they started.
 * @returns what could not be finished, in words
 */
export async function live(
  stage: Stage,
  played: Played[],
  { sideBySide, stop, patience }: Lives,
): Promise<string[]> {
  const failed: string[] = [];
  let number = 0;
  const one = async () => {
    while (!stop.aborted && !patience.aborted) {
      const n = number++;
      const story = STORIES[n % STORIES.length];
      if (!story) return;
      const people = patientPeople(stage, `PO-${n}`, patience);
      try {
        const order = await story.play(people);
        played.push({
          story,
          order: await people.until(order, (view) => story.ends.some((end) => end === view.status)),
        });
      } catch (error) {
        failed.push(`PO-${n} (${story.name}): ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, one));
  return failed;
}
