// What a client does: how it connects, what it asks for, and how it ends, or does not.

/** What a program does about the server's FIN on a connection that it could still use. */
export type FinReaction =
  /** It closes at once. */
  | "close"
  /** It closes once it opens its next connection. */
  | "next-connection"
  /** It closes when its user quits it. */
  | "exit"
  | "never"
  /** It looks at its sockets from time to time, and closes then. */
  | SocketCheck;

export interface SocketCheck {
  /** Time from one look to the next. */
  readonly checkEveryMs: number;
}

export interface ClientProfile {
  /** Its name. */
  readonly id: string;
  /** What it is. */
  readonly title: string;
  /** Where it is known from. */
  readonly source: string;
  /** Rules of the server look at it. `""`: none is sent. */
  readonly userAgent: string;
  /** Of HTTP, which it speaks. */
  readonly version: "1.0" | "1.1";
  /** Its line to the server. */
  readonly link: ClientLink;
  /** What its TCP does with data that nobody has read when an RST comes. */
  readonly receivedOnReset: "kept" | "discarded";
  /** Of its TCP, for sending and for receiving, each. @default 262_144 */
  readonly bufferBytes?: number;
  /** What its user does. Times are means. */
  readonly visit: Visit;
  /**
   * What it does about the server's FIN on a connection that it could still use: it closes at once,
   * with its next connection, when its user quits it, never, or when it looks at its sockets.
   */
  readonly onFin: FinReaction;
  /** How long it keeps an idle connection for another request; `null`: as long as it lives. */
  readonly idleTimeoutMs: number | null;
  /**
   * It takes the server's word (Keep-Alive: timeout), less this, in place of `idleTimeoutMs`.
   * Without it, it does not.
   */
  readonly timeoutHintMarginMs?: number;
  /** How long after its last visit the program ends; `null`: not while anybody looks. */
  readonly exitAfterMs: number | null;
  /** Its line is cut after this time on average, and nobody is told. */
  readonly vanishesAfterMs?: number;
}

export interface ClientLink {
  /** One way. */
  readonly delayMs: number;
  /** Both ways, each. */
  readonly bytesPerSecond: number;
  /** The share of segments that are lost, 0 to 1. @default 0 */
  readonly lossRate?: number;
}

/** What its user does. Times are means. */
export interface Visit {
  /** How often the user comes back to this server. @default 1 */
  readonly count?: number;
  /** From the end of one visit to the next. @default 0 */
  readonly gapMs?: number;
  /** Requests of one visit. */
  readonly requestCount: number;
  /** Between a response and the next request of a visit. */
  readonly thinkMs: number;
  /** Content of each response. */
  readonly responseBytes: number;
  /** Sends all requests of a visit at once. @default false */
  readonly isPipelined?: boolean;
  /** Sends FIN behind its last request, and waits. @default false */
  readonly halfCloses?: boolean;
  /** Uploads so much with each request, which `application.uploads` refuses or reads. @default 0 */
  readonly uploadBytes?: number;
  /** Does not read before everything was sent; a failure in sending is a failure. @default false */
  readonly isBlind?: boolean;
  /** Sends its request so slowly: a byte, then this pause. @default 0 */
  readonly dripMs?: number;
}
