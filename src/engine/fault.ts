/** Called before and after every effect and commit, with its name. Does nothing, except in tests of recovery. */
export type Fault = (name: string, when: "before" | "after") => void;

/**
 * A fault that kills this process, as a power cut would, at one point: `capture:after`, or `publish#3:before` for the third
 * time that it is reached. Null: never.
 */
export function createFault(point: string | null): Fault {
  if (point === null) return () => {};
  const [place = "", when] = point.split(":");
  const [name, nth = "1"] = place.split("#");
  let reached = 0;
  return (at, moment) => {
    if (at === name && moment === when && ++reached === Number(nth)) process.kill(process.pid, "SIGKILL");
  };
}
