import type { CloseOverrides } from "../closing/policy-parser.ts";
import type { HttpVersion, RequestFields, TargetForm } from "../http1/request-head.ts";
import type { FieldLines } from "../http1/response-fields.ts";

// One request and its final response, as handlers see it. Types only; the code is http-exchange.ts.

export type { CloseOverrides, FieldLines, HttpVersion, RequestFields, TargetForm };

/** Answers one request. A throw or rejection becomes 500, or aborts a response that has started. */
export type Handler = (exchange: Exchange) => void | Promise<void>;

/** One end of a TCP connection. */
export interface Endpoint {
  /** IPv4 or IPv6 address in text form; `""` once the socket is gone. */
  readonly address: string;
  readonly port: number;
}

/** Facts about the TLS session, all from the runtime. */
export interface TlsFacts {
  /** For example `"TLSv1.3"`. */
  readonly protocol: string;
  /** The OpenSSL name of the cipher suite. */
  readonly cipher: string;
  /** The server name that the client asked for (SNI), if any. */
  readonly serverName: string | null;
}

/** What a handler may know about the connection that a request came on. */
export interface ConnectionFacts {
  /** Counts from 1 within one server. */
  readonly id: number;
  readonly peer: Endpoint;
  readonly local: Endpoint;
  /** `null` without TLS. */
  readonly tls: TlsFacts | null;
}

/** The content of a request, after the transfer coding. */
export interface RequestBody {
  /** False when the request has no body, or an empty one with Content-Length 0. */
  readonly isPresent: boolean;
  /** The declared Content-Length in bytes, 0 without a body, `null` for the chunked coding. */
  readonly lengthBytes: number | null;
  /**
   * The next piece, or `null` at the end. The first call sends 100 (Continue) if the client waits
   * for it. One call at a time. Bytes that nobody reads stay with the peer, in TCP's buffers.
   *
   * @throws {RequestBodyError} The rest will not come: peer gone, limit reached, or bytes that
   * break
   *   the framing. The server answers by itself if the response has not started.
   */
  read(): Promise<Uint8Array | null>;
  /**
   * Says that the body will be read, perhaps after the response has started. `read` claims it as
   * well. A body that nobody has claimed when the response starts is given up: it is read and
   * thrown away, so that a client that sends everything before it reads does not wait for ever.
   */
  claim(): void;
  /**
   * Trailer fields of the chunked coding, once `read` has returned `null`. Kept apart from headers.
   */
  readonly trailers: RequestFields | null;
}

/** A whole response, validated and laid out once, to be sent many times. */
export interface PreparedResponse {
  readonly status: number;
  /** Length of the content in bytes, which HEAD announces as well. */
  readonly contentBytes: number;
}

/** Why a response is given up. */
export type AbortReason =
  | "peer-gone"
  /** The request broke off, by its bytes or its slowness, and was answered by the server. */
  | "request-failed"
  | "handler-failed"
  | "content-failed"
  | "shutdown";

/**
 * One request and its final response.
 *
 * A response is either sent whole (`respond`, `respondPrepared`) or started, written and ended.
 * Once the peer is gone every sending method does nothing, so a handler need not check before each
 * call.
 */
export interface Exchange {
  readonly connection: ConnectionFacts;
  readonly method: string;
  /** The request target as received, for example `/a%20b?c` or `*`. */
  readonly target: string;
  readonly targetForm: TargetForm;
  readonly version: HttpVersion;
  /** Host and port that the client asked for (target or Host field); `""` if it named none. */
  readonly authority: string;
  readonly fields: RequestFields;
  readonly body: RequestBody;
  /** The client asks for a protocol of its Upgrade field. Ignored, unless `upgrade` is called. */
  readonly hasUpgrade: boolean;
  /** True once a final response has been given or started. */
  readonly isResponseStarted: boolean;
  /** True once the peer is gone or the response was aborted. */
  readonly isAborted: boolean;

  /**
   * Sends a whole response. For HEAD, 204 and 304 the content is left out; HEAD announces its
   * length.
   *
   * `fields` may hold `Connection: close`. Content-Length, Date and Connection are added by the
   * server.
   *
   * @throws {LocalProtocolError} A response was given already, or a field would break the framing.
   */
  respond(status: number, fields: FieldLines, content?: Uint8Array | string): void;

  /** Sends a response made by `prepareResponse`. */
  respondPrepared(response: PreparedResponse): void;

  /**
   * Sends the header section of a response whose content follows through `write`.
   *
   * `contentBytes` is the exact length of the content, or `null` if unknown: then the chunked
   * coding is used, or for HTTP/1.0 the end of the connection.
   *
   * @throws {LocalProtocolError} As `respond`.
   */
  startResponse(status: number, fields: FieldLines, contentBytes: number | null): void;

  /**
   * Sends a piece of content. Returns false when the peer is slower than we are: wait for
   * `whenWritable` before the next piece, or the server's memory grows.
   *
   * @throws {LocalProtocolError} More bytes than announced, or the response may have no content.
   */
  write(bytes: Uint8Array): boolean;

  /** Resolves when `write` may go on, or the exchange is aborted. Never rejects. */
  whenWritable(): Promise<void>;

  /**
   * Ends the response that `startResponse` began. `trailers` need the chunked coding, and are left
   * out without it.
   *
   * @throws {LocalProtocolError} Fewer bytes than announced were written. The response is aborted.
   */
  endResponse(trailers?: FieldLines): void;

  /**
   * Gives the response up. The peer sees an incomplete message (RFC 9112 §8), never a complete one:
   * the connection closes before the announced length or the last chunk. Before the start of a
   * response it is answered with 500 instead. After its end this does nothing.
   */
  abortResponse(reason: AbortReason): void;

  /**
   * Answers 101 (Switching Protocols) and hands the connection over: from then on `body.read` gives
   * what the peer sends until its FIN, `write` sends bytes as they are, and `endResponse` ends the
   * connection with FIN and lingering. Back-pressure and `sendTimeoutMs` hold; no other time-out
   * does. `fields` names the protocol in Upgrade (RFC 9110 §7.8); Connection is added.
   *
   * @throws {LocalProtocolError} `FINWAIT_UPGRADE_UNASKED`: the request has no Upgrade, or has a
   * body.
   */
  upgrade(fields: FieldLines): void;

  /** Closes the connection after this response, and says so in it if its head is not out yet. */
  closeAfterResponse(): void;

  /**
   * Changes how this connection ends, if it ends with this response: for example
   * `{ lingerLimitBytes: 64 * 2 ** 20 }`, or `{ onLingerExhausted: "reset" }`. Of the server's
   * policy, and of what was changed for this response before, only the fields given are replaced.
   * Takes effect if it is called before the response is complete, and for this response only. Keep
   * the object in a constant: it is checked once.
   *
   * @throws {TypeError} It is no object.
   * @throws {RangeError} A field is unknown, out of range, contradicts another one, or belongs to
   * the server as a whole.
   * @throws {FinwaitError} `FINWAIT_SO_LINGER_UNAVAILABLE`: that mode cannot be had here.
   */
  adjustClose(overrides: CloseOverrides): void;

  /**
   * Sends RST at once and gives everything up, for a peer that is known to be hostile. The peer may
   * lose responses that it has not read yet, earlier ones included. Does nothing once the response
   * is complete.
   */
  resetConnection(): void;

  /** Calls `listener` once if the exchange is aborted before its response is complete. */
  onAbort(listener: (reason: AbortReason) => void): void;
}

/** One response, as the access log wants it. */
export interface ExchangeRecord {
  readonly connection: ConnectionFacts;
  /** When the header section had arrived, in milliseconds since 1970. */
  readonly receivedAtMs: number;
  readonly durationMs: number;
  /** `""` if the request could not be read that far. */
  readonly method: string;
  readonly target: string;
  readonly version: HttpVersion;
  readonly fields: RequestFields | null;
  readonly status: number;
  /** Content bytes handed to the transport, without the transfer coding. */
  readonly contentBytes: number;
  /** False when the response was given up before its end. */
  readonly isComplete: boolean;
}
