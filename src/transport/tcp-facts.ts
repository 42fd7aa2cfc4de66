import type { TcpState } from "../tcp/state.ts";

// What the kernel says about one connection at one moment: TCP_INFO, in the words of this package.
//
// It is the only evidence of delivery that a sender has: a runtime reports a write as done when the
// bytes are with the local kernel. RFC 9293 §3.3.2.

export interface TcpFacts {
  /** `"other"`: a listening or opening socket. */
  readonly state: TcpState | "other";
  /**
   * Everything written has been acknowledged, and our FIN too if one was sent. In `"closed"` the
   * kernel does not say whether one was sent: there it is true only if a FIN was acknowledged.
   */
  readonly isEverythingAcknowledged: boolean;
  /** The peer's kernel has everything up to and with our FIN. Stays true after a later RST. */
  readonly isFinAcknowledged: boolean;
  /** Of an accepted connection: bytes that the peer's kernel has. Our FIN counts as one. */
  readonly acknowledgedBytes: number;
  /** Bytes sent at least once, without the FIN. */
  readonly sentBytes: number;
  /** Bytes written and never sent, with the FIN if it is among them. */
  readonly notSentBytes: number;
  readonly unacknowledgedSegments: number;
  readonly roundTripMs: number;
  /** How long the kernel waits for an acknowledgment before it sends again. */
  readonly retransmitTimeoutMs: number;
}
