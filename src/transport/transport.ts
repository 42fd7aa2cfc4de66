import type { TcpFacts } from "./tcp-facts.ts";

// The transport port: one TCP (or TLS) connection as the driver sees it.
//
// Two adapters implement it: node-transport.ts over sockets, and the simulator's. Nothing of a
// runtime shows here, so a third needs no change elsewhere.

/** One end of a connection. */
export interface TransportEndpoint {
  readonly address: string;
  readonly port: number;
}

/** What the TLS session agreed on. */
export interface TransportTls {
  readonly protocol: string;
  readonly cipher: string;
  readonly serverName: string | null;
}

/** Hears what happens to a connection. No call comes after `handleReleased`. */
export interface TransportHandler {
  /** Bytes from the peer. They do not change afterwards. */
  handleData(bytes: Uint8Array): void;
  /** The peer ended its direction (FIN; over TLS also close_notify). No data follows. */
  handlePeerEnd(): void;
  /** The peer sent RST. */
  handlePeerReset(): void;
  /** The network or TLS gave up; `code` is the runtime's. */
  handleNetworkFailure(code: string): void;
  /**
   * Nothing of what was written is left in this process. Told only after `write` returned false.
   */
  handleWritable(): void;
  /** Everything written, and our FIN, is with the kernel. Answers `shutdownWrite`. */
  handleFlushed(): void;
  /** The socket is gone, whoever closed it. */
  handleReleased(): void;
}

/** One connection. After `close` or `reset` only `handleReleased` is called. */
export interface Transport {
  /** Both ends keep their values after the connection is gone. */
  readonly peer: TransportEndpoint;
  readonly local: TransportEndpoint;
  /** `null` without TLS. */
  readonly tls: TransportTls | null;
  /** Bytes written that are still in this process. */
  readonly unsentBytes: number;
  /** Grows whenever the kernel has taken more of what was written: tells slow from stalled. */
  readonly progressCount: number;
  /** True where the two kernel deadlines below can be set. */
  readonly canSetDeadlines: boolean;

  /** Begins to deliver events to `handler`. Called once. */
  start(handler: TransportHandler): void;
  /** Sends `bytes`, which must not change afterwards. False: some of it waits in this process. */
  write(bytes: Uint8Array): boolean;
  /** Sends FIN (over TLS: close_notify, then FIN) behind everything written. Reading goes on. */
  shutdownWrite(): void;
  /** Stops reading, so that TCP's flow control stops the peer. */
  pause(): void;
  resume(): void;
  /** Releases the socket. What the kernel has, it goes on sending, unless input is unread. */
  close(): void;
  /** Sends RST and releases the socket. */
  reset(): void;

  /** What the kernel says about this connection, or `null` where nobody can say. */
  tcpFacts(): TcpFacts | null;
  /** Bounds how long the kernel keeps unacknowledged data or our FIN. False: not possible here. */
  setUnacknowledgedTimeout(timeoutMs: number): boolean;
  /**
   * Releases the socket like `close`, and bounds what is left of FIN-WAIT-2 after that. Below 1.2 s
   * the kernel answers with RST once our FIN is acknowledged. It is `close` where deadlines cannot
   * be set.
   */
  closeWithin(finWait2RestMs: number): void;
  /**
   * SO_LINGER and close(), off the event loop, in whole seconds, rounded up; what is left of
   * FIN-WAIT-2 is bounded as by `closeWithin`. Asked after `handleFlushed`: FIN is out already.
   * False: not available here, and nothing was done.
   */
  closeWithSoLinger(timeoutMs: number, finWait2RestMs: number): boolean;
  /**
   * True if the kernel holds an RST for this socket that the runtime has not reported, for example
   * one behind the peer's FIN. It stays true. The runtime then hears no more of it, so this is for
   * when nothing more is expected of it: after `handlePeerEnd`, or before the release.
   */
  hasPendingReset(): boolean;
}
