import { mailContent, type MailContent } from "./document.ts";

/** What of a signed checkpoint people read; all of it is the `statement`. */
export interface CheckpointView {
  number: number;
  at: string;
  size: number;
  hash: string;
  /** As it was signed, JSON. */
  statement: string;
}

/** A checkpoint for whoever keeps it away from the database that it vouches for. */
export const checkpointMail = ({ number, at, size, hash, statement }: CheckpointView): MailContent =>
  mailContent(`Audit checkpoint ${number}`, [
    { kind: "heading", text: `Audit checkpoint ${number}` },
    {
      kind: "paragraph",
      text: "Keep this mail. If the audit trail is ever written anew, it will not agree with it.",
    },
    {
      kind: "facts",
      rows: [
        ["Made", at],
        ["Trails", size === 1 ? "1 has grown" : `${size} have grown`],
        ["Hash", hash],
        ["Statement", statement],
      ],
    },
    {
      kind: "footnote",
      text: "You get this mail because CHECKPOINT_EMAIL names you. To verify with it, save the statement as a file: countersign verify --help.",
    },
  ]);
