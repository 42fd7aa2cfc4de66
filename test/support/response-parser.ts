// Reads responses as a tolerant client does: incrementally, without judging what it reads.
//
// It says how far each response got, so that a test can tell a whole one from an incomplete one. It
// does not know requests: responses to HEAD are not for it.

/** One response as far as it has arrived. */
export interface SeenResponse {
  readonly status: number;
  readonly statusLine: string;
  /** Names in lower case; of repeated fields the last value. */
  readonly fields: ReadonlyMap<string, string>;
  readonly bodyBytes: number;
  /** The content as text, without the transfer coding. */
  readonly text: string;
  readonly isComplete: boolean;
}

type State = "head" | "length" | "chunk-size" | "chunk" | "chunk-end" | "trailers" | "until-close";

class Response implements SeenResponse {
  readonly status: number;
  readonly statusLine: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly pieces: Buffer[] = [];
  bodyBytes = 0;
  isComplete = false;

  constructor(head: string) {
    const [statusLine = "", ...lines] = head.split("\r\n");
    this.statusLine = statusLine;
    this.status = Number(statusLine.split(" ")[1]);
    this.fields = new Map(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString("utf8");
  }
}

export class ResponseParser {
  /** Final responses, the last one perhaps incomplete. */
  readonly responses: Response[] = [];
  /** Statuses of interim responses. */
  readonly interimStatuses: number[] = [];
  /** Received bytes that belong to no response so far. */
  pending: Buffer = Buffer.alloc(0);
  #state: State = "head";
  #leftBytes = 0;

  receive(bytes: Buffer): void {
    this.pending = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    let isAdvancing = true;
    while (isAdvancing && this.pending.length > 0) isAdvancing = this.#advance();
  }

  /** The peer's FIN: it ends what only the end of the connection can end. */
  receiveEnd(): void {
    const last = this.responses.at(-1);
    if (this.#state === "until-close" && last !== undefined) last.isComplete = true;
  }

  #advance(): boolean {
    switch (this.#state) {
      case "head":
        return this.#readHead();
      case "length":
      case "chunk":
      case "until-close":
        return this.#readContent();
      default:
        return this.#readChunkLine();
    }
  }

  #readHead(): boolean {
    const end = this.pending.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const response = new Response(this.pending.subarray(0, end).toString("latin1"));
    this.pending = this.pending.subarray(end + 4);
    if (response.status >= 100 && response.status < 200) {
      this.interimStatuses.push(response.status);
      return true;
    }
    this.responses.push(response);
    const length = response.fields.get("content-length");
    if (response.status === 204 || response.status === 304) response.isComplete = true;
    else if (response.fields.get("transfer-encoding") === "chunked") this.#state = "chunk-size";
    else if (length === undefined) this.#state = "until-close";
    else this.#expect("length", Number(length));
    return true;
  }

  #expect(state: "length" | "chunk", bytes: number): void {
    this.#leftBytes = bytes;
    this.#state = state;
    if (bytes === 0) this.#finish();
  }

  #finish(): void {
    const last = this.responses.at(-1);
    if (last !== undefined) last.isComplete = true;
    this.#state = "head";
  }

  #readContent(): boolean {
    const isOpenEnded = this.#state === "until-close";
    const piece = isOpenEnded ? this.pending : this.pending.subarray(0, this.#leftBytes);
    this.pending = this.pending.subarray(piece.length);
    const last = this.responses.at(-1);
    if (last === undefined) return false;
    last.pieces.push(piece);
    last.bodyBytes += piece.length;
    if (isOpenEnded) return true;
    this.#leftBytes -= piece.length;
    if (this.#leftBytes > 0) return true;
    if (this.#state === "length") this.#finish();
    else this.#state = "chunk-end";
    return true;
  }

  #readChunkLine(): boolean {
    const end = this.pending.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.pending.subarray(0, end).toString("latin1");
    this.pending = this.pending.subarray(end + 2);
    if (this.#state === "chunk-end") this.#state = "chunk-size";
    else if (this.#state === "trailers") {
      if (line === "") this.#finish();
    } else {
      const bytes = Number.parseInt(line, 16);
      if (bytes === 0) this.#state = "trailers";
      else this.#expect("chunk", bytes);
    }
    return true;
  }
}
