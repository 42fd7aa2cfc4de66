// What a server made of the bytes of one connection, in terms that two servers can be compared in.

export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  /** One character per byte; empty if the request is not complete. */
  content: string;
  readonly isComplete: boolean;
}

export interface Verdict {
  readonly requests: readonly SeenRequest[];
  /**
   * `"done"`: everything was accepted, or lies behind a request after which the connection closes.
   * `"incomplete"`: the peer ended inside a message. `"dropped"`: closed without an answer. A
   * number: refused with this status.
   */
  readonly end: "done" | "incomplete" | "dropped" | number;
}

/**
 * How the verdict of finwait differs from the one of node:http.
 *
 * - `stricter`: finwait refuses what Node accepts; `laxer`: the reverse.
 * - `status`: both refuse, with different statuses.
 * - `requests`: both accept, and see different requests.
 */
export type Difference = "same" | "stricter" | "laxer" | "status" | "requests";

export function differenceOf(finwait: Verdict, node: Verdict): Difference {
  const finwaitAccepts = finwait.end === "done" || finwait.end === "incomplete";
  const nodeAccepts = node.end === "done" || node.end === "incomplete";
  if (finwaitAccepts !== nodeAccepts) return finwaitAccepts ? "laxer" : "stricter";
  const hasSameEnd = finwait.end === node.end;
  if (!finwaitAccepts) return hasSameEnd ? "same" : "status";
  const hasSameRequests = JSON.stringify(finwait.requests) === JSON.stringify(node.requests);
  return hasSameEnd && hasSameRequests ? "same" : "requests";
}
