import { latin1Text } from "../base/latin1.ts";

// How far the responses on a connection have got, as a client reads them: by Content-Length, which
// is all that the handlers of scenarios send.

const HEAD_END = "\r\n\r\n";
/** Far beyond what finwait's own fields need: what is behind it is content. */
const HEAD_LIMIT = 4_096;
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const TIMEOUT_HINT = /\r\nkeep-alive: *timeout=(\d+)/i;
const CONNECTION = /\r\nconnection: *([^\r]*)/i;
const INTERIM = /^HTTP\/1\.1 1/;

export class ResponseProgress {
  completeCount = 0;
  /** The last complete response lets the connection persist. */
  isPersistent = true;
  /** How long the server says that it keeps an idle connection, `null` if it does not. */
  timeoutHintMs: number | null = null;
  readonly #isHttp10: boolean;
  #head = "";
  /** Of the content; `null` while the header section is not complete. */
  #leftBytes: number | null = null;

  constructor(version: "1.0" | "1.1") {
    this.#isHttp10 = version === "1.0";
  }

  /** A response has begun, and is not complete. */
  get hasBegun(): boolean {
    return this.#head !== "" || this.#leftBytes !== null;
  }

  receive(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.byteLength > 0) {
      rest = this.#leftBytes === null ? this.#readHead(rest) : this.#readContent(rest);
    }
  }

  #readHead(bytes: Uint8Array): Uint8Array {
    const before = this.#head.length;
    this.#head += latin1Text(bytes, 0, Math.min(bytes.byteLength, HEAD_LIMIT));
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return bytes.subarray(bytes.byteLength);
    const head = this.#head.slice(0, end);
    this.#head = "";
    const rest = bytes.subarray(end + HEAD_END.length - before);
    if (INTERIM.test(head)) return rest;
    const connection = (CONNECTION.exec(head)?.[1] ?? "").toLowerCase();
    this.isPersistent = this.#isHttp10 ? connection === "keep-alive" : connection !== "close";
    const [, hintSeconds] = TIMEOUT_HINT.exec(head) ?? [];
    this.timeoutHintMs = hintSeconds === undefined ? null : Number(hintSeconds) * 1_000;
    this.#leftBytes = Number(LENGTH.exec(head)?.[1] ?? 0);
    this.#completeIfWhole();
    return rest;
  }

  #readContent(bytes: Uint8Array): Uint8Array {
    const taken = Math.min(bytes.byteLength, this.#leftBytes ?? 0);
    this.#leftBytes = (this.#leftBytes ?? 0) - taken;
    this.#completeIfWhole();
    return bytes.subarray(taken);
  }

  #completeIfWhole(): void {
    if (this.#leftBytes !== 0) return;
    this.#leftBytes = null;
    this.completeCount += 1;
  }
}
