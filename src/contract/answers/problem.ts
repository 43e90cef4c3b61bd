/** RFC 9457 problem details, and the codes that they can have. */
export type { ErrorCode, FieldError, Problem } from "../../errors.ts";
