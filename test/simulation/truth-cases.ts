// What is done to a connection, over the kernel and in the simulator, one step after another.

export type End = "server" | "client";

export type Step =
  | { readonly end: End; readonly does: "write"; readonly bytes: number }
  | { readonly end: End; readonly does: "fin" | "close" | "reset" | "read" }
  /** TCP_LINGER2, then close(). */
  | { readonly end: End; readonly does: "close-within"; readonly ms: number }
  /** TCP_USER_TIMEOUT. */
  | { readonly end: End; readonly does: "user-timeout"; readonly ms: number }
  /** So much time may pass before the next observation holds. */
  | { readonly end: End; readonly does: "wait"; readonly ms: number };

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
}

const write = (end: End, bytes: number): Step => ({ end, does: "write", bytes });
const act = (end: End, does: "fin" | "close" | "reset" | "read"): Step => ({ end, does });

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
    title: "RST of the client on an open connection",
    reading: ["server"],
    steps: [act("client", "reset")],
  },
  {
    title: "RST of the client in answer to FIN",
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
    steps: [
      { end: "server", does: "close-within", ms: 2_000 },
      { end: "server", does: "wait", ms: 3_500 },
    ],
  },
  {
    title: "TCP_USER_TIMEOUT of a second, and a window that stays closed",
    reading: ["server"],
    steps: [
      { end: "server", does: "user-timeout", ms: 1_000 },
      write("server", 8_000_000),
      { end: "server", does: "wait", ms: 4_000 },
    ],
  },
];
