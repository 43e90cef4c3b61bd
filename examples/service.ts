import { Countersign } from "countersign/client";

/** Where `npm start` listens; the other examples use this client. */
export const url = process.env["COUNTERSIGN_URL"] ?? "http://127.0.0.1:3000";

export const countersign = new Countersign({
  baseUrl: url,
  apiKey: process.env["COUNTERSIGN_KEY"] ?? "ck_dev",
});
