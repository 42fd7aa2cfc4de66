import { joinHeadAndContent, utf8Bytes } from "../base/latin1.ts";
import { layOutFields } from "../http1/response-fields.ts";
import { ResponseWriter } from "../http1/response-writer.ts";
import { reasonPhrase } from "../http1/status.ts";

// The responses that the server gives by itself, when no handler can: 400, 408, 413, 431, 503 and
// so on.

/**
 * A whole response that closes the connection. `detail` is shown to the client, so it quotes
 * nothing.
 */
export function refusalBytes(
  status: number,
  detail: string,
  date: string,
  method: string,
): Uint8Array {
  const content = utf8Bytes(`${status} ${reasonPhrase(status)}\n${detail}\n`);
  const fields = layOutFields([["Content-Type", "text/plain; charset=utf-8"]]);
  const writer = new ResponseWriter({ method, version: "1.1" }, status, content.byteLength);
  const head = writer.head(fields, { date, isPersistent: false, keepAlive: "" });
  return joinHeadAndContent(head, method === "HEAD" ? new Uint8Array(0) : content);
}
