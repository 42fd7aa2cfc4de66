// What is done to a connection, over the kernel and in the simulator, one step after another.
//
// RST comes in every state but two: in SYN-SENT it is a refused connection, for another test; and a
// SYN-RECEIVED that waits can only be made by somebody who sends segments by hand.

export type End = "server" | "client";

export type Step =
  | { readonly end: End; readonly does: "write"; readonly bytes: number }
  | { readonly end: End; readonly does: "fin" | "close" | "reset" | "read" }
  /** TCP_LINGER2, then close(). */
  | { readonly end: End; readonly does: "close-within"; readonly ms: number }
  /** SO_LINGER, then close(). */
  | { readonly end: End; readonly does: "close-blocking"; readonly ms: number }
  /** TCP_USER_TIMEOUT. */
  | { readonly end: End; readonly does: "user-timeout"; readonly ms: number }
  /**
   * SYN from the port of a connection that is over, while nobody listens. TIME-WAIT answers with an
   * ACK, which is nothing to whoever has sent the SYN: RST.
   */
  | { readonly end: "client"; readonly does: "syn-again" }
  /** So much time may pass before the next observation holds. */
  | { readonly end: End; readonly does: "wait"; readonly ms: number }
  /** So much time has to pass, and the observation holds behind it. */
  | { readonly end: End; readonly does: "stay"; readonly ms: number };

export interface TruthCase {
  readonly title: string;
  /** Ends that read from the beginning. */
  readonly reading: readonly End[];
  readonly steps: readonly Step[];
}

/** What can be seen of one end. */
export interface Observation {
  /** The kernel's; "gone": it knows the connection no more. */
  readonly state: string;
  /** An application has the socket. */
  readonly isOwned: boolean;
  readonly receivedBytes: number;
  readonly sees: "open" | "fin" | "reset" | "timeout";
  /** close() was called, and has not returned. */
  readonly isInClose: boolean;
}

const write = (end: End, bytes: number): Step => ({ end, does: "write", bytes });
const act = (end: End, does: "fin" | "close" | "reset" | "read"): Step => ({ end, does });

const wait = (end: End, ms: number): Step => ({ end, does: "wait", ms });
const closeBlocking = (end: End, ms: number): Step => ({ end, does: "close-blocking", ms });

/** Fits a send buffer, and not the receive buffer of somebody who does not read. */
const LARGE_BYTES = 300_000;

const BOTH: readonly End[] = ["server", "client"];

export const TRUTH_CASES: readonly TruthCase[] = [
  {
    title: "FIN of the server, then of the client",
    reading: BOTH,
    steps: [act("server", "fin"), act("client", "fin")],
  },
  {
    title: "FIN of the client, a response to it, FIN of the server",
    reading: BOTH,
    steps: [act("client", "fin"), write("server", 1_000), act("server", "fin")],
  },
  {
    title: "close() with nothing unread: an orphan in FIN-WAIT-2",
    reading: BOTH,
    steps: [act("server", "close")],
  },
  {
    title: "close() with unread input: RST",
    reading: ["client"],
    steps: [write("client", 1_000), act("server", "close")],
  },
  {
    title: "a response, then close() with unread input, and a client that reads afterwards",
    reading: [],
    steps: [
      write("client", 1_000),
      write("server", 500),
      act("server", "close"),
      act("client", "read"),
    ],
  },
  {
    title: "data for an orphan: RST",
    reading: ["client"],
    steps: [act("server", "close"), write("client", 10)],
  },
  {
    title: "RST in ESTABLISHED",
    reading: ["server"],
    steps: [act("client", "reset")],
  },
  {
    title: "RST in FIN-WAIT-2",
    reading: ["server"],
    steps: [act("server", "fin"), act("client", "reset")],
  },
  {
    title: "RST of the server behind the client's FIN",
    reading: ["client"],
    steps: [act("client", "fin"), act("server", "reset")],
  },
  {
    title: "RST behind data that nobody has read: it stays readable",
    reading: [],
    steps: [write("server", 1_000), act("server", "reset"), act("client", "read")],
  },
  {
    title: "a client that closes with an unread response: RST",
    reading: ["server"],
    steps: [write("server", 1_000), act("client", "close")],
  },
  {
    title: "a client that closes, and is written to: RST",
    reading: ["server"],
    steps: [act("client", "close"), write("server", 1_000)],
  },
  {
    title: "a half-closed client and a large response",
    reading: BOTH,
    steps: [act("client", "fin"), write("server", 300_000), act("server", "close")],
  },
  {
    title: "TCP_LINGER2 of two seconds: the orphan is gone",
    reading: ["client"],
    steps: [{ end: "server", does: "close-within", ms: 2_000 }, wait("server", 3_500)],
  },
  {
    title: "TCP_USER_TIMEOUT of a second, and a window that stays closed",
    reading: ["server"],
    steps: [
      { end: "server", does: "user-timeout", ms: 1_000 },
      write("server", 8_000_000),
      wait("server", 4_000),
    ],
  },
  {
    title: "SO_LINGER of 0 s: RST, and the window that was under way stays readable",
    reading: [],
    steps: [write("server", 1_000), closeBlocking("server", 0), act("client", "read")],
  },
  {
    title: "SO_LINGER of 30 s, all of it acknowledged: close() returns at once",
    reading: ["client"],
    steps: [write("server", 1_000), closeBlocking("server", 30_000)],
  },
  {
    title: "SO_LINGER of 30 s behind FIN that is acknowledged: close() returns at once",
    reading: ["client"],
    steps: [act("server", "fin"), closeBlocking("server", 30_000)],
  },
  {
    title: "SO_LINGER of 30 s, and a client that reads after a while: close() waits for it",
    reading: [],
    steps: [
      write("server", LARGE_BYTES),
      closeBlocking("server", 30_000),
      { end: "server", does: "stay", ms: 500 },
      act("client", "read"),
    ],
  },
  {
    title: "SO_LINGER of 1 s, and a client that reads later: close() returns, an orphan goes on",
    reading: [],
    steps: [
      write("server", LARGE_BYTES),
      closeBlocking("server", 1_000),
      wait("server", 1_500),
      act("client", "read"),
    ],
  },
  {
    title: "SO_LINGER of 30 s with unread input: RST at once",
    reading: ["client"],
    steps: [write("client", 1_000), closeBlocking("server", 30_000)],
  },
  {
    title: "SO_LINGER of 30 s, and data while close() waits: RST, and it returns",
    reading: [],
    steps: [write("server", LARGE_BYTES), closeBlocking("server", 30_000), write("client", 10)],
  },
  {
    title: "SO_LINGER of 30 s, and RST while close() waits: it returns",
    reading: [],
    steps: [write("server", LARGE_BYTES), closeBlocking("server", 30_000), act("client", "reset")],
  },
  {
    title: "RST in FIN-WAIT-1",
    reading: ["server"],
    steps: [write("server", LARGE_BYTES), act("server", "fin"), act("client", "reset")],
  },
  {
    title: "RST in FIN-WAIT-1, for an orphan",
    reading: [],
    steps: [write("server", LARGE_BYTES), act("server", "close"), act("client", "reset")],
  },
  {
    title: "RST in FIN-WAIT-2, for an orphan",
    reading: [],
    steps: [act("server", "close"), act("client", "reset")],
  },
  {
    title: "RST in CLOSE-WAIT",
    reading: BOTH,
    steps: [act("client", "fin"), act("client", "reset")],
  },
  {
    title: "RST in CLOSE-WAIT, and a server that reads afterwards",
    reading: [],
    steps: [
      write("client", 1_000),
      act("client", "fin"),
      act("client", "reset"),
      act("server", "read"),
    ],
  },
  {
    title: "RST in LAST-ACK",
    // Whoever has read FIN and sent one lets go of the socket, in Node.
    reading: [],
    steps: [
      act("client", "fin"),
      write("server", LARGE_BYTES),
      act("server", "fin"),
      act("client", "reset"),
    ],
  },
  {
    title: "RST in LAST-ACK, for an orphan",
    reading: [],
    steps: [
      act("client", "fin"),
      write("server", LARGE_BYTES),
      act("server", "close"),
      act("client", "reset"),
    ],
  },
  {
    title: "RST in CLOSING",
    // Whoever has read FIN and sent one lets go of the socket, in Node.
    reading: [],
    steps: [
      write("server", LARGE_BYTES),
      act("server", "fin"),
      act("client", "fin"),
      act("client", "reset"),
    ],
  },
  {
    title: "RST in TIME-WAIT",
    reading: BOTH,
    steps: [act("server", "fin"), act("client", "fin"), { end: "client", does: "syn-again" }],
  },
];
