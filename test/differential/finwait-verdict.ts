import { newReader } from "../support/fake-peer.ts";
import type { SeenRequest, Verdict } from "./verdict.ts";

// What finwait makes of bytes: its reader with default limits, and the rule of its server that
// nothing is read behind a request after which the connection closes.

export function finwaitVerdict(bytes: Uint8Array): Verdict {
  const reader = newReader();
  reader.receive(bytes);
  reader.receiveEnd();
  const requests: SeenRequest[] = [];
  let content = "";
  let isPersistent = true;
  for (let event = reader.read(); event !== null; event = reader.read()) {
    switch (event.type) {
      case "request-head": {
        const { method, target } = event;
        requests.push({ method, target, content: "", isComplete: false });
        ({ isPersistent } = event);
        content = "";
        break;
      }
      case "body":
        content += Buffer.from(event.bytes).toString("latin1");
        break;
      case "message-end": {
        const request = requests.pop();
        if (request !== undefined) requests.push({ ...request, content, isComplete: true });
        if (!isPersistent) return { requests, end: "done" };
        break;
      }
      case "peer-ended":
        return { requests, end: "done" };
      case "peer-protocol-error": {
        const isIncomplete = event.error.code === "FINWAIT_MESSAGE_INCOMPLETE";
        return { requests, end: isIncomplete ? "incomplete" : event.error.status };
      }
    }
  }
  throw new Error("Cannot judge: the reader stopped before the peer's FIN");
}
