/**
 * Names that are stored with the data: in workflow rows, messages, events and streams. They never change; a new meaning
 * gets a new name.
 */
export const WORKFLOW = { order: "order", approval: "approval" } as const;
export type WorkflowName = (typeof WORKFLOW)[keyof typeof WORKFLOW];

/** The operation under which creations keep their idempotency keys. */
export const CREATE_ORDER = "POST /v1/orders";

/** The one topic on which every workflow of ours takes messages; what a message is about stands in its body. */
export const TOPIC = "message";

/** The stream that holds an order's trail. */
export const AUDIT_STREAM = "audit";

/** The step that publishes a transition, as its checkpoint is named. */
export const PUBLISH_STEP = "countersign.publish";

/** Version of the workflows' shape: rows of another version are not picked up. Set, since the default hashes the sources. */
export const APPLICATION_VERSION = "1";
export const APPLICATION_NAME = "countersign";

/** An order's segments are workflows of their own: `ord_…`, then `ord_…:1`, `ord_…:2`. */
export const workflowId = (id: string, segment: number): string => (segment === 0 ? id : `${id}:${segment}`);
