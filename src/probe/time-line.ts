// What happened on one connection, in the order in which its client saw it. Bounded: what happens
// often is one entry with a count.

export interface TimeLineEntry {
  /** Milliseconds since the connection was begun. */
  readonly atMs: number;
  /** When the last of `bytes` came or went; as `atMs` where it was one piece. */
  readonly untilMs: number;
  readonly what: TimeLineEvent;
  /** Of "sent" and "received"; else 0. */
  readonly bytes: number;
  /** A status line, an error code; else empty. */
  readonly detail: string;
}

export type TimeLineEvent =
  | "connected"
  | "sent"
  | "received"
  | "response"
  | "response complete"
  | "FIN"
  | "close_notify"
  | "RST"
  | "failed"
  | "our FIN"
  | "our RST"
  | "our close_notify"
  | "closed"
  | "note";

const ENTRY_LIMIT = 100;

export class TimeLine {
  readonly #entries: TimeLineEntry[] = [];
  #omittedCount = 0;

  get entries(): readonly TimeLineEntry[] {
    return this.#entries;
  }

  /** Entries beyond the bound, which are not kept. */
  get omittedCount(): number {
    return this.#omittedCount;
  }

  add(atMs: number, what: TimeLineEvent, detail = ""): void {
    if (this.#entries.length >= ENTRY_LIMIT) this.#omittedCount += 1;
    else this.#entries.push({ atMs, untilMs: atMs, what, bytes: 0, detail });
  }

  /** Bytes of one direction, joined with earlier ones if only bytes went since. */
  addBytes(atMs: number, what: "sent" | "received", bytes: number): void {
    const index = this.#entries.findLastIndex((entry) => entry.what === what);
    const entry = this.#entries[index];
    const isJoined =
      entry !== undefined && this.#entries.slice(index).every((later) => later.bytes > 0);
    if (isJoined) {
      this.#entries[index] = { ...entry, untilMs: atMs, bytes: entry.bytes + bytes };
    } else if (this.#entries.length >= ENTRY_LIMIT) {
      this.#omittedCount += 1;
    } else {
      this.#entries.push({ atMs, untilMs: atMs, what, bytes, detail: "" });
    }
  }
}
