import type { Writable } from "node:stream";
import type { ExchangeRecord } from "../server/exchange.ts";

// Access log lines: Apache's common and combined formats, and JSON.

export type AccessLogFormat = "common" | "combined" | "json";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"].concat([
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
]);

/** One line, with its line feed. */
export function accessLogLine(format: AccessLogFormat, record: ExchangeRecord): string {
  if (format === "json") return `${JSON.stringify(jsonFields(record))}\n`;
  const { connection, method, target, version, status, contentBytes } = record;
  const request = method === "" ? "-" : escapeForLog(`${method} ${target} HTTP/${version}`);
  const bytes = contentBytes === 0 ? "-" : contentBytes;
  const time = commonTime(new Date(record.receivedAtMs));
  const line = `${connection.peer.address} - - [${time}] "${request}" ${status} ${bytes}`;
  if (format === "common") return `${line}\n`;
  const referer = escapeForLog(record.fields?.get("referer") ?? "-");
  const agent = escapeForLog(record.fields?.get("user-agent") ?? "-");
  return `${line} "${referer}" "${agent}"\n`;
}

function jsonFields(record: ExchangeRecord): Record<string, unknown> {
  return {
    time: new Date(record.receivedAtMs).toISOString(),
    connection: record.connection.id,
    peer: record.connection.peer.address,
    method: record.method,
    target: record.target,
    version: record.version,
    status: record.status,
    contentBytes: record.contentBytes,
    durationMs: Math.round(record.durationMs * 1_000) / 1_000,
    isComplete: record.isComplete,
    referer: record.fields?.get("referer") ?? null,
    userAgent: record.fields?.get("user-agent") ?? null,
  };
}

/** `10/Oct/2000:13:55:36 -0700`, in the machine's time zone. */
function commonTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const offset = -date.getTimezoneOffset();
  const zone = `${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  return `${day}:${time} ${offset < 0 ? "-" : "+"}${zone}`;
}

/** As Apache does it: a client must not be able to end a field or a line, or to move the cursor. */
function escapeForLog(text: string): string {
  return text.replace(/["\\]|[^\x20-\x7e]/g, (character) =>
    character === '"' || character === "\\"
      ? `\\${character}`
      : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Lines held before they are written even within one turn of the event loop. */
const HELD_LIMIT = 65_536;

/** Writes lines in batches: one write per turn of the event loop, not one per response. */
export class AccessLog {
  readonly #format: AccessLogFormat;
  readonly #output: Writable;
  #held = "";
  #isBroken = false;

  constructor(format: AccessLogFormat, output: Writable) {
    this.#format = format;
    this.#output = output;
    // The reader of a pipe may leave (`| head`). The server goes on without its log.
    output.on("error", () => {
      this.#isBroken = true;
    });
  }

  add(record: ExchangeRecord): void {
    if (this.#isBroken) return;
    if (this.#held === "") setImmediate(() => this.flush());
    this.#held += accessLogLine(this.#format, record);
    if (this.#held.length > HELD_LIMIT) this.flush();
  }

  flush(): void {
    if (this.#held !== "" && !this.#isBroken) this.#output.write(this.#held);
    this.#held = "";
  }
}
