import type { ClosePolicy, Ending, ServerLimits } from "../../src/index.ts";

// What the closing contract needs of whatever runs it: a server with a simple behaviour, and
// clients that tell what they saw. Knows neither sockets nor the clock, so a simulator can be
// behind it.

/** How the server answers each request. */
export type ContractBehaviour =
  /** 200 with so many bytes of content, without reading the request body. */
  | { readonly type: "answer"; readonly contentBytes: number }
  /** Reads the whole body, then answers 200. */
  | { readonly type: "read" }
  /** As "answer", once `release` was called; requests before it wait. */
  | { readonly type: "hold"; readonly contentBytes: number }
  /**
   * Starts 200 with 1 000 bytes announced (`null`: none) and sends 500 of them. Once `release` was
   * called, it gives the response up.
   */
  | { readonly type: "give-up"; readonly announcedBytes: 1_000 | null };

export interface ContractOptions {
  readonly behaviour: ContractBehaviour;
  readonly limits?: Partial<ServerLimits>;
  readonly close?: Partial<ClosePolicy>;
}

/** One final response as a client has seen it. */
export interface ContractResponse {
  readonly status: number;
  readonly bodyBytes: number;
  readonly isComplete: boolean;
  /** It had the `close` connection option. */
  readonly saysClose: boolean;
}

/** A client that does nothing by itself. It reads what comes, unless it was made not to. */
export interface ContractClient {
  readonly responses: readonly ContractResponse[];
  /** How the server's direction has ended so far. */
  readonly end: "open" | "fin" | "reset";
  /** Resolves when the bytes have left the client, or never can. */
  send(data: string | Uint8Array): Promise<void>;
  halfClose(): void;
  reset(): void;
  /** Begins to read, if it was made with `isReading: false`. */
  startReading(): void;
  /** Resolves when so many responses are complete. Rejects if that does not come. */
  waitForResponses(count: number): Promise<void>;
  /** Resolves when so many bytes of the first response's content are here. */
  waitForContent(bytes: number): Promise<void>;
  whenEnded(): Promise<"fin" | "reset">;
  /** The server's record of this connection, once there is one. */
  ending(): Promise<Ending>;
}

export interface ContractServer {
  connect(options?: { readonly isReading?: boolean }): Promise<ContractClient>;
  /** Resolves when so many requests have reached a handler, since the start. */
  waitForRequests(count: number): Promise<void>;
  /** Lets the requests that are held be answered, and all later ones at once. */
  release(): void;
  /** Responses that were aborted because the peer was gone, so far. */
  readonly abortedCount: number;
  waitForAborted(count: number): Promise<void>;
  shutdown(deadlineMs: number): Promise<void>;
  /** Time passes: virtual time, where the backend has any. */
  after(milliseconds: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ContractBackend {
  start(options: ContractOptions): Promise<ContractServer>;
}

/** What is not the same everywhere. Each has an expectation for both values. */
export interface ContractCapabilities {
  /** A short unread body is discarded and the connection reused; else it closes. */
  readonly isReusedAfterDiscard: boolean;
  /** A request that is too slow gets 408; else FIN alone. */
  readonly hasRequestTimeoutResponse: boolean;
  /** The server can send RST; else it can only close. */
  readonly canReset: boolean;
  /** A client can send RST; else it can only vanish, and the kernel decides what we see. */
  readonly canClientReset: boolean;
  /** A handler hears of the abort before the record is there; else once its socket is closed. */
  readonly abortsBeforeEnding: boolean;
  /**
   * Which bytes that are thrown away the record counts exactly: all of them, or those that come
   * after the decision to close; of others it counts at least none.
   */
  readonly discardedBytes: "all" | "once-closing" | "none";
  /**
   * Refuses what it does not know of HTTP, and says why: 414, 501, 505. Else everything that is too
   * long is 431 and everything else 400, and codings below chunked are left to the handler.
   */
  readonly hasExactStatuses: boolean;
  /**
   * A response of known length that is given up ends in order; else its socket is destroyed, as its
   * application asks.
   */
  readonly givesUpInOrder: boolean;
}
