import { latin1Bytes } from "../base/latin1.ts";
import { elapse, type ProbePort, type ProbeSocket, type SocketListener } from "./probe-port.ts";
import { ResponseReader, type SeenResponse } from "./response-reader.ts";
import { TimeLine } from "./time-line.ts";

// A client that does nothing by itself, and remembers what it saw and when.

/** How the server's direction has ended so far. "failed": by an error that is no RST. */
export type ServerEnd = "open" | "fin" | "reset" | "failed";

export interface ClientOptions {
  readonly isReading?: boolean;
  /** What this client is for, where a case has several. */
  readonly name?: string;
}

/** What a client needs of the run that it belongs to: a bound on what is sent. */
export interface SendBudget {
  /** @throws {BudgetError} So much more may not be sent. */
  spend(bytes: number): void;
}

export interface SendContentOptions {
  readonly byteLength: number;
  /** As chunks, with the last chunk behind them. */
  readonly isChunked: boolean;
  /** Longest wait for the server to take a piece. */
  readonly patienceMs: number;
  /** Looked at before each piece. */
  readonly isEnough?: () => boolean;
}

/**
 * "stalled": for so long the server has taken nothing, and what was handed over last is still on
 * its way. "refused": the connection is no more.
 */
export type ContentEnd = "sent" | "enough" | "stalled" | "refused";

/** Content in one write. */
const PIECE = new Uint8Array(65_536).fill(0x78);
const CHUNK_HEAD = latin1Bytes("10000\r\n");
const CHUNK_END = latin1Bytes("\r\n");
/** Least wait for an answer of the server's kernel, such as RST. */
const KERNEL_ANSWER_MS = 60;
/** A first response that took longer did so for the server's sake. */
const WAY_LIMIT_MS = 800;
/** What keeps coming is waited for so many times as long as silence is. */
const COMING_FACTOR = 10;

export class ProbeClient implements SocketListener {
  readonly name: string;
  readonly timeLine: TimeLine = new TimeLine();
  readonly reader: ResponseReader = new ResponseReader();
  /** Bytes that the own kernel took. */
  sentBytes = 0;
  /** Milliseconds since the connection was begun; `null`: not seen. */
  finAtMs: number | null = null;
  closeNotifyAtMs: number | null = null;
  /** When the RST, or another failure, was seen. Behind FIN it shows only by the next write. */
  failedAtMs: number | null = null;
  failure = "";
  /** How long the connection took to be made: at least one round trip. */
  connectMs = 0;
  #firstSentAtMs: number | null = null;
  #socket: ProbeSocket | null = null;
  readonly #port: ProbePort;
  readonly #budget: SendBudget;
  readonly #startedAtMs: number;
  readonly #watchers = new Set<() => void>();

  /** @throws {ConnectError} There is no connection. */
  static async connect(
    port: ProbePort,
    budget: SendBudget,
    { isReading = true, name = "" }: ClientOptions,
  ): Promise<ProbeClient> {
    const client = new ProbeClient(port, budget, name);
    client.#socket = await port.connect({ listener: client, isReading });
    client.connectMs = client.elapsedMs;
    client.timeLine.add(client.elapsedMs, "connected");
    return client;
  }

  private constructor(port: ProbePort, budget: SendBudget, name: string) {
    this.#port = port;
    this.#budget = budget;
    this.name = name;
    this.#startedAtMs = port.nowMs;
  }

  /** Milliseconds since the connection was begun. */
  get elapsedMs(): number {
    return Math.round((this.#port.nowMs - this.#startedAtMs) * 10) / 10;
  }

  get end(): ServerEnd {
    if (this.failedAtMs !== null) return isReset(this.failure) ? "reset" : "failed";
    return this.finAtMs === null ? "open" : "fin";
  }

  get isGone(): boolean {
    return this.failedAtMs !== null;
  }

  /** Final responses, the last one perhaps incomplete. */
  get responses(): readonly SeenResponse[] {
    return this.reader.responses;
  }

  get response(): SeenResponse | undefined {
    return this.responses[0];
  }

  get completeCount(): number {
    return this.reader.completeCount;
  }

  /**
   * Longer than the server's kernel needs for an answer, by what is known of the way to it. Who is
   * near may be a proxy that passes on what the server's kernel says, so the first response counts.
   */
  get kernelAnswerMs(): number {
    const firstMs = (this.response?.headAtMs ?? 0) - (this.#firstSentAtMs ?? 0);
    const wayMs = Math.min(Math.max(firstMs, 0), WAY_LIMIT_MS);
    return KERNEL_ANSWER_MS + Math.max(3 * this.connectMs, 1.5 * wayMs);
  }

  /**
   * Sends as it stands. `methods`: those of the requests that begin in it, one per response that is
   * to come. Resolves with false if the own kernel never can take it.
   */
  async send(data: string | Uint8Array, ...methods: readonly string[]): Promise<boolean> {
    const bytes = typeof data === "string" ? latin1Bytes(data) : data;
    for (const method of methods) this.reader.expect(method);
    this.#budget.spend(bytes.byteLength);
    const isSent = (await this.#socket?.write(bytes)) ?? false;
    if (!isSent) return false;
    this.#firstSentAtMs ??= this.elapsedMs;
    this.sentBytes += bytes.byteLength;
    this.timeLine.addBytes(this.elapsedMs, "sent", bytes.byteLength);
    return true;
  }

  /** Sends content in pieces of 64 KB, as fast as the server takes them. */
  async sendContent(options: SendContentOptions): Promise<ContentEnd> {
    const { byteLength, isChunked, patienceMs, isEnough = () => false } = options;
    for (let left = byteLength; left > 0; left -= PIECE.byteLength) {
      if (isEnough()) return "enough";
      if (this.isGone) return "refused";
      const piece = left < PIECE.byteLength ? PIECE.subarray(0, left) : PIECE;
      const sending = isChunked ? this.#sendChunk(piece) : this.send(piece);
      const end = await this.#endOfSending(sending, patienceMs);
      if (end !== "sent") return end;
    }
    return isChunked ? this.#endOfSending(this.send("0\r\n\r\n"), patienceMs) : "sent";
  }

  async #sendChunk(content: Uint8Array): Promise<boolean> {
    const isWhole = content.byteLength === PIECE.byteLength;
    const head = isWhole ? CHUNK_HEAD : latin1Bytes(`${content.byteLength.toString(16)}\r\n`);
    const isSent = (await this.send(head)) && (await this.send(content));
    return isSent && this.send(CHUNK_END);
  }

  /** What becomes of a write: a server that does not read stops it without an error. */
  #endOfSending(sending: Promise<boolean>, patienceMs: number): Promise<ContentEnd> {
    return new Promise((resolve, reject) => {
      const cancel = this.#port.schedule(patienceMs, () => resolve("stalled"));
      sending.then((isSent) => resolve(isSent ? "sent" : "refused"), reject).finally(cancel);
    });
  }

  halfClose(): void {
    this.timeLine.add(this.elapsedMs, "our FIN");
    this.#socket?.halfClose();
  }

  async closeNotify(): Promise<void> {
    this.timeLine.add(this.elapsedMs, "our close_notify");
    await this.#socket?.closeNotify();
  }

  reset(): void {
    this.timeLine.add(this.elapsedMs, "our RST");
    this.#socket?.reset();
  }

  close(): void {
    this.#socket?.close();
    this.#notify();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** A remark of the case, in the time line. */
  note(text: string): void {
    this.timeLine.add(this.elapsedMs, "note", text);
  }

  elapse(delayMs: number): Promise<void> {
    return elapse(this.#port, delayMs);
  }

  /** Resolves with true as soon as `isReached` holds, with false if it does not in time. */
  waitUntil(isReached: () => boolean, patienceMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (hasTimedOut: boolean): void => {
        const isSeen = isReached();
        // Once the connection is no more, nothing else will come.
        if (!isSeen && !hasTimedOut && !this.isGone) return;
        cancel();
        this.#watchers.delete(look);
        resolve(isSeen);
      };
      const look = (): void => settle(false);
      const cancel = this.#port.schedule(patienceMs, () => settle(true));
      this.#watchers.add(look);
      look();
    });
  }

  /**
   * Resolves with true if so many responses are whole; with false as soon as none can come, or once
   * the server has been silent for `silenceMs`.
   */
  async waitForResponses(count: number, silenceMs: number): Promise<boolean> {
    const isHere = (): boolean => this.completeCount >= count;
    await this.waitWhileComing(() => isHere() || this.end !== "open", silenceMs);
    return isHere();
  }

  /** As `waitUntil`; but large pages and slow ways take their time, so only silence counts. */
  async waitWhileComing(isReached: () => boolean, silenceMs: number): Promise<boolean> {
    const untilMs = this.elapsedMs + COMING_FACTOR * silenceMs;
    for (;;) {
      const { receivedBytes } = this.reader;
      const isSeen = await this.waitUntil(isReached, Math.min(silenceMs, untilMs - this.elapsedMs));
      const isComing = this.reader.receivedBytes > receivedBytes && !this.isGone;
      if (isSeen || !isComing || this.elapsedMs >= untilMs) return isSeen;
    }
  }

  /** FIN, RST, or another failure. */
  waitForEnd(patienceMs: number): Promise<boolean> {
    return this.waitUntil(() => this.end !== "open", patienceMs);
  }

  /**
   * Asks the server's kernel whether anybody still has the connection: data that nobody will read
   * is answered with RST (RFC 9293, 3.10.7.1). Resolves with true if it was. It sends an empty
   * line, which a server that still reads has to ignore (RFC 9112, 2.2).
   */
  async isRefusingData(): Promise<boolean> {
    // The first write is what meets RST, the second what tells us of it.
    const isSent = await this.send("\r\n");
    if (isSent && !this.isGone) await this.elapse(this.kernelAnswerMs);
    if (!this.isGone) await this.send("\r\n");
    // Over TLS the failure of a write is told of a little later, and by a proxy after one more way.
    await this.waitUntil(() => this.isGone, this.kernelAnswerMs);
    return this.end === "reset";
  }

  /**
   * Resolves with true if RST has come, which behind FIN shows only when somebody looks. It sends
   * nothing, so it does not bring RST about; and it sees only what is on its way already.
   */
  async hasMetReset(): Promise<boolean> {
    if (this.isGone) return this.end === "reset";
    await this.elapse(this.kernelAnswerMs);
    this.#socket?.lookForReset();
    await this.waitUntil(() => this.isGone, KERNEL_ANSWER_MS);
    return this.end === "reset";
  }

  handleBytes(bytes: Uint8Array): void {
    const nowMs = this.elapsedMs;
    const { responses, interimStatuses } = this.reader;
    const earlier = { heads: responses.length, interims: interimStatuses.length };
    const earlierComplete = this.completeCount;
    this.reader.receive(bytes, nowMs);
    this.timeLine.addBytes(nowMs, "received", bytes.byteLength);
    for (const status of interimStatuses.slice(earlier.interims)) {
      this.timeLine.add(nowMs, "response", `${status} (interim)`);
    }
    for (const { statusLine } of responses.slice(earlier.heads)) {
      this.timeLine.add(nowMs, "response", statusLine);
    }
    this.#tellOfComplete(earlierComplete);
    this.#notify();
  }

  handleCloseNotify(): void {
    this.closeNotifyAtMs ??= this.elapsedMs;
    this.timeLine.add(this.elapsedMs, "close_notify");
    this.#notify();
  }

  handleFin(): void {
    const earlierComplete = this.completeCount;
    this.finAtMs ??= this.elapsedMs;
    this.reader.receiveEnd(this.elapsedMs);
    this.timeLine.add(this.elapsedMs, "FIN");
    this.#tellOfComplete(earlierComplete);
    this.#notify();
  }

  handleFailure(code: string): void {
    this.failedAtMs ??= this.elapsedMs;
    this.failure = code;
    this.timeLine.add(this.elapsedMs, isReset(code) ? "RST" : "failed", code);
    this.#notify();
  }

  #tellOfComplete(earlierCount: number): void {
    for (let count = earlierCount; count < this.completeCount; count += 1) {
      const bytes = this.responses[count]?.contentBytes ?? 0;
      this.timeLine.add(this.elapsedMs, "response complete", `${bytes} bytes of content`);
    }
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

function isReset(code: string): boolean {
  return code === "ECONNRESET" || code === "EPIPE";
}
