import { approvalRows, clickToCaptured } from "../approvals.ts";
import type { Part } from "../bench.ts";

export const clicks: Part = {
  name: "clicks",
  what: "from the click on a mailed approval to captured money",
  run: async (bench) => approvalRows(await clickToCaptured(await bench.stack(), bench)),
};
