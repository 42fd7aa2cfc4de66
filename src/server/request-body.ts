import { FinwaitError } from "../base/error.ts";
import type { RequestBody, RequestFields } from "./exchange.ts";

// The content of one request, between the driver that receives it and the handler that reads it.
//
// It never asks the peer for more than the handler is behind: what does not fit stays in the
// kernel.

/** The rest of a request body will not come. */
export class RequestBodyError extends FinwaitError {
  override readonly name: string = "RequestBodyError";
}

/** What a body asks of its exchange. */
export interface BodySource {
  /** The handler wants bytes: send 100 (Continue) if due, and read on. */
  wantBody(): void;
}

interface PendingRead {
  readonly resolve: (bytes: Uint8Array | null) => void;
  readonly reject: (error: Error) => void;
}

export class ReceivedBody implements RequestBody {
  readonly isPresent: boolean;
  readonly lengthBytes: number | null;
  trailers: RequestFields | null = null;
  readonly #source: BodySource;
  #chunks: Uint8Array[] = [];
  #queuedBytes = 0;
  #isEnded = false;
  #isClaimed = false;
  #isGivenUp = false;
  #error: Error | null = null;
  #pendingRead: PendingRead | null = null;

  constructor(source: BodySource, lengthBytes: number | null) {
    this.#source = source;
    this.lengthBytes = lengthBytes;
    this.isPresent = lengthBytes !== 0;
    this.#isEnded = !this.isPresent;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get isClaimed(): boolean {
    return this.#isClaimed;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  claim(): void {
    this.#isClaimed = true;
  }

  read(): Promise<Uint8Array | null> {
    this.#isClaimed = true;
    if (this.#pendingRead !== null) {
      return Promise.reject(
        new TypeError("Cannot read the request body: the previous read has not finished"),
      );
    }
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.byteLength;
      this.#source.wantBody();
      return Promise.resolve(chunk);
    }
    if (this.#isEnded) return Promise.resolve(null);
    if (this.#error !== null) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#pendingRead = { resolve, reject };
      this.#source.wantBody();
    });
  }

  /** Bytes arrived. Those of a body given up are dropped here. */
  receive(bytes: Uint8Array): void {
    if (this.#isGivenUp) return;
    const pending = this.#pendingRead;
    if (pending !== null) {
      this.#pendingRead = null;
      pending.resolve(bytes);
      return;
    }
    this.#chunks.push(bytes);
    this.#queuedBytes += bytes.byteLength;
  }

  receiveEnd(trailers: RequestFields | null): void {
    this.trailers = trailers;
    this.#isEnded = true;
    this.#pendingRead?.resolve(null);
    this.#pendingRead = null;
  }

  /** The rest will not come. What has arrived can still be read. */
  fail(error: Error): void {
    if (this.#isEnded) return;
    this.#error ??= error;
    this.#pendingRead?.reject(error);
    this.#pendingRead = null;
  }

  /** The response started and nobody claimed the body, or it ended: the rest is thrown away. */
  giveUp(): void {
    if (this.#isEnded && this.#chunks.length === 0) return;
    this.#isGivenUp = true;
    this.#chunks = [];
    this.#queuedBytes = 0;
    const code = "FINWAIT_BODY_GIVEN_UP";
    const message = "Cannot read the request body: it was given up when the response was sent";
    this.#isEnded = false;
    this.fail(new RequestBodyError(code, message));
  }
}
