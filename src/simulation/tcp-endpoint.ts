import type { TransportEndpoint } from "../transport/transport.ts";
import {
  type Accountant,
  EndpointAccount,
  type EndpointState,
  mayStillSend,
} from "./endpoint-account.ts";
import { type KeepAlive, KeepAliveProbes } from "./keep-alive.ts";
import { ReceiveSide } from "./receive-side.ts";
import { lengthOf, type Segment } from "./segment.ts";
import { SegmentSender, type SenderHost } from "./segment-sender.ts";
import { SEGMENT_BYTES, SendSide } from "./send-side.ts";
import { SimulatedTimer } from "./world.ts";

// One end of a connection, as a kernel has it: RFC 9293 with what today's systems do at the end.
//
// There is no delayed acknowledgment, no Nagle, no simultaneous open, no urgent data. Whoever has
// the socket is woken as by epoll: it is told to look, and finds what is there.

export type EndpointError = "ECONNREFUSED" | "ECONNRESET" | "EPIPE" | "ETIMEDOUT";

/** The application that has the socket. */
export interface EndpointUser {
  /** Something has changed: connected, more to read, room to write, the end, an error. */
  handleReady(): void;
}

/** The machine that the socket is on. */
export interface EndpointHost extends SenderHost, Accountant {
  /** Sockets that nobody has, and that still have something to send. */
  readonly orphanCount: number;
  /** A client has completed the handshake. */
  established(endpoint: TcpEndpoint): void;
  /** Nothing is known of the connection any more. */
  forget(endpoint: TcpEndpoint): void;
}

export class TcpEndpoint {
  readonly local: TransportEndpoint;
  readonly peer: TransportEndpoint;
  user: EndpointUser | null = null;
  /** What the next call would fail with. It stays: a runtime that has seen it closes the socket. */
  error: EndpointError | null = null;
  /** When it came into its state. */
  enteredAtMs = 0;
  readonly send: SendSide;
  readonly received: ReceiveSide;
  readonly #host: EndpointHost;
  readonly #sender: SegmentSender;
  readonly #account: EndpointAccount;
  /** For FIN-WAIT-2 and TIME-WAIT. */
  readonly #stateTimer: SimulatedTimer;
  #keepAlive: KeepAliveProbes | null = null;
  #state: EndpointState = "closed";
  #isOwned = false;
  /** False before the SYN. */
  #isBegun = false;
  #isWakeUpPlanned = false;
  #isProbingWindow = false;
  #finWait2OrphanMs: number;

  constructor(host: EndpointHost, local: TransportEndpoint, peer: TransportEndpoint) {
    const { behavior, world } = host;
    this.#host = host;
    this.local = local;
    this.peer = peer;
    this.send = new SendSide(behavior.sendBufferBytes);
    this.received = new ReceiveSide(behavior.receiveBufferBytes);
    this.#sender = new SegmentSender(host, this, this, () => this.#handleSilence());
    this.#account = new EndpointAccount(host, this);
    this.#stateTimer = new SimulatedTimer(world, () => this.#handleStateTimeout());
    this.#finWait2OrphanMs = behavior.finWait2OrphanMs;
  }

  get state(): EndpointState {
    return this.#state;
  }
  /** An application has it. */
  get isOwned(): boolean {
    return this.#isOwned;
  }
  get isConnected(): boolean {
    return this.#isBegun && !this.#isOpening && this.#state !== "closed";
  }
  /** Everything that the peer has sent was read, and its FIN. */
  get isAtEnd(): boolean {
    return this.received.isEnded && this.received.queuedBytes === 0;
  }
  get #isOpening(): boolean {
    return this.#state === "syn-sent" || this.#state === "syn-received";
  }

  // --- What the application does ---

  /** Sends SYN. */
  open(): void {
    this.#isOwned = true;
    this.#enter("syn-sent");
    this.#sender.sendSyn(null);
  }

  /** Takes as much of `bytes` as there is room for; returns how much. */
  write(bytes: Uint8Array): number {
    if (this.#state === "closed" || this.send.finAt !== null) return 0;
    const taken = this.send.append(bytes);
    this.#settle();
    return taken;
  }

  read(): readonly Uint8Array[] {
    const before = this.received.windowBytes;
    const chunks = this.received.read();
    // Whoever waits for room hears of it once it is worth a segment.
    const isWorthIt = before < SEGMENT_BYTES && this.received.windowBytes >= SEGMENT_BYTES;
    if (isWorthIt && this.#state !== "closed") this.#sender.isAcknowledgmentDue = true;
    this.#settle();
    return chunks;
  }

  shutdownWrite(): void {
    if (this.send.finAt !== null || this.#state === "closed") return;
    this.send.finAt = this.send.end;
    this.#enter(this.#state === "close-wait" ? "last-ack" : "fin-wait-1");
    this.#settle();
  }

  /** The application lets go of it. With unread input that is an RST on most systems. */
  close(): void {
    if (!this.#isOwned) return;
    const { behavior, orphanCount } = this.#host;
    const isUnread = this.received.queuedBytes > 0 && behavior.resetsUnreadOnClose;
    if (isUnread || orphanCount >= behavior.orphanLimit) {
      this.abort();
      return;
    }
    this.#disown();
    if (this.#state === "syn-sent" || this.#state === "closed") {
      this.#vanish();
      return;
    }
    this.received.discard();
    this.shutdownWrite();
    if (this.#state === "fin-wait-2") this.#stateTimer.arm(this.#finWait2OrphanMs);
    this.#settle();
  }

  /** As close, with a time limit of its own for FIN-WAIT-2: TCP_LINGER2. */
  closeWithin(finWait2Ms: number): void {
    this.#finWait2OrphanMs = finWait2Ms;
    this.close();
  }

  /** Sends RST, and nothing is known any more. */
  abort(): void {
    if (this.isConnected && this.#state !== "time-wait") this.#sender.sendReset();
    this.#disown();
    this.#vanish();
  }

  /** TCP_USER_TIMEOUT: how long something may stay unacknowledged. */
  setUserTimeout(timeoutMs: number): void {
    this.#sender.useUserTimeout(timeoutMs);
  }

  setKeepAlive(options: KeepAlive): void {
    this.#keepAlive?.stop();
    this.#keepAlive = new KeepAliveProbes(
      this.#host.world,
      options,
      () => this.#sender.sendProbe(),
      () => this.#fail("ETIMEDOUT"),
    );
  }

  // --- What the machine does ---

  /** The machine has crashed. Nobody is told. */
  vanish(): void {
    this.#disown();
    this.#vanish();
  }

  /** A SYN on a connection that waits only for old segments takes its place. */
  yieldToSyn(): boolean {
    if (this.#state !== "time-wait" || this.#isOwned) return false;
    this.#vanish();
    return true;
  }

  receive(segment: Segment): void {
    if (segment.isReset) this.#handleReset(segment);
    else if (!this.#isBegun) this.#acceptSyn(segment);
    else if (this.#state === "syn-sent") this.#completeHandshake(segment);
    else this.#handleSegment(segment);
    this.#settle();
  }

  // --- The handshake ---

  #acceptSyn(segment: Segment): void {
    this.received.next = segment.sequence + 1;
    this.send.peerWindowBytes = segment.windowBytes;
    this.#enter("syn-received");
    this.#sender.sendSyn(this.received.next);
  }

  #completeHandshake(segment: Segment): void {
    if (!segment.isSyn || segment.acknowledgment !== 1) return;
    this.received.next = segment.sequence + 1;
    this.send.peerWindowBytes = segment.windowBytes;
    this.send.acknowledge(1, this.#host.world.nowMs);
    this.#sender.cancel();
    this.#enter("established");
    this.#sender.isAcknowledgmentDue = true;
    this.#wake();
  }

  // --- Segments of a connection ---

  #handleSegment(segment: Segment): void {
    if (segment.isSyn) {
      // Our answer to it was lost, or it is an old one.
      if (this.#state === "syn-received") this.#sender.sendSyn(this.received.next);
      else this.#sender.isAcknowledgmentDue = true;
      return;
    }
    this.#keepAlive?.noteHeard();
    this.#handleAcknowledgment(segment);
    if (this.#state === "closed") return;
    if (this.#isForNobody(segment)) {
      // The peer has to know that it will never be read (RFC 1122 §4.2.2.13).
      this.abort();
      return;
    }
    const isNews = lengthOf(segment) > 0 || segment.sequence !== this.received.next;
    if (isNews) this.#sender.isAcknowledgmentDue = true;
    if (this.#state === "time-wait") {
      if (segment.isFin) this.#stateTimer.arm(this.#host.behavior.timeWaitMs);
      return;
    }
    const { isEnded: wasEnded, queuedBytes } = this.received;
    this.received.accept(segment);
    if (this.received.isEnded && !wasEnded) this.#handleFin();
    if (this.received.queuedBytes > queuedBytes || this.received.isEnded !== wasEnded) this.#wake();
  }

  #isForNobody({ sequence, bytes }: Segment): boolean {
    const isNews = bytes.byteLength > 0 && sequence + bytes.byteLength > this.received.next;
    return isNews && !this.#isOwned && this.#state !== "time-wait";
  }

  #handleAcknowledgment({ acknowledgment, windowBytes, bytes, isFin }: Segment): void {
    if (acknowledgment === null) return;
    const isSameWindow = windowBytes === this.send.peerWindowBytes;
    this.send.peerWindowBytes = windowBytes;
    this.#sender.noteWindow(windowBytes);
    // An orphan does not wait for ever for somebody who only says that there is no room.
    if (this.#isProbingWindow && (windowBytes > 0 || this.#isOwned)) this.send.noteProbeAnswered();
    this.#isProbingWindow = false;
    if (this.send.acknowledge(acknowledgment, this.#host.world.nowMs)) {
      this.#sender.cancel();
      this.#handleProgress();
      return;
    }
    const isEmpty = bytes.byteLength === 0 && !isFin;
    const isDuplicate = acknowledgment === this.send.unacknowledged && isEmpty && isSameWindow;
    if (isDuplicate && this.send.inFlightBytes > 0 && this.send.noteDuplicate()) {
      this.#sender.sendFrom(this.send.unacknowledged);
    }
  }

  #handleProgress(): void {
    if (this.#state === "syn-received") {
      // It waits to be accepted, which happens at once here.
      this.#isOwned = true;
      this.#enter("established");
      this.#host.established(this);
    }
    this.#wake();
    if (!this.send.isFinAcknowledged) return;
    if (this.#state === "fin-wait-1") this.#enterFinWait2();
    else if (this.#state === "closing") this.#enterTimeWait();
    else if (this.#state === "last-ack") this.#vanish();
  }

  #handleFin(): void {
    if (this.#state === "established") this.#enter("close-wait");
    else if (this.#state === "fin-wait-1") this.#enter("closing");
    else if (this.#state === "fin-wait-2") this.#enterTimeWait();
  }

  #enterFinWait2(): void {
    this.#enter("fin-wait-2");
    const { finWait2OwnedMs } = this.#host.behavior;
    this.#stateTimer.arm(this.#isOwned ? finWait2OwnedMs : this.#finWait2OrphanMs);
  }

  #enterTimeWait(): void {
    this.#enter("time-wait");
    this.#sender.cancel();
    this.#keepAlive?.stop();
    this.#stateTimer.arm(this.#host.behavior.timeWaitMs);
  }

  #handleReset({ acknowledgment, sequence }: Segment): void {
    if (this.#state === "syn-sent") {
      if (acknowledgment === this.send.next) this.#fail("ECONNREFUSED");
      return;
    }
    const { next, windowBytes } = this.received;
    if (sequence < next || sequence > next + windowBytes) return;
    // TIME-WAIT ends early (RFC 1337), and no application hears of it: its connection was over.
    if (this.#state === "time-wait") {
      this.#vanish();
      return;
    }
    const isHalf = this.#state === "close-wait" || this.#state === "last-ack";
    if (this.#host.behavior.receivedOnReset === "discarded") this.received.discard();
    this.#fail(isHalf ? "EPIPE" : "ECONNRESET");
  }

  #fail(error: EndpointError): void {
    this.error ??= error;
    this.#wake();
    this.#vanish();
  }

  // --- Time ---

  #handleSilence(): void {
    const { behavior } = this.#host;
    const ownLimit = this.#isOwned ? behavior.retryLimit : behavior.orphanRetryLimit;
    const limit = this.#isOpening ? behavior.synRetryLimit : ownLimit;
    if (this.#sender.isUserTimeoutOver || this.send.retryCount >= limit) {
      this.#fail("ETIMEDOUT");
    } else if (this.#isOpening) {
      this.send.noteTimeout();
      this.#sender.sendSyn(this.#state === "syn-received" ? this.received.next : null);
    } else if (this.send.peerWindowBytes === 0 && this.send.inFlightBytes === 0) {
      this.#isProbingWindow = true;
      this.send.noteProbe();
      this.#sender.sendProbe();
      this.#sender.arm();
    } else {
      this.send.noteTimeout();
      this.#sender.sendFrom(this.send.unacknowledged);
      this.#sender.arm();
    }
  }

  #handleStateTimeout(): void {
    // TIME-WAIT has its place in the standard; the end of FIN-WAIT-2 by time has none.
    if (this.#state === "fin-wait-2" && this.#isOwned) this.#fail("ETIMEDOUT");
    else this.#vanish();
  }

  /** Sends what may be sent now, and an acknowledgment if one is due. */
  #settle(): void {
    if (this.isConnected) {
      if (mayStillSend(this.#state)) this.#sender.transmit();
      if (this.#sender.isAcknowledgmentDue) this.#sender.sendAcknowledgment();
    }
    this.#account.charge(this.received.heldBytes + this.send.bufferedBytes);
  }

  #wake(): void {
    if (this.#isWakeUpPlanned || this.user === null) return;
    this.#isWakeUpPlanned = true;
    this.#host.world.soon(() => {
      this.#isWakeUpPlanned = false;
      this.user?.handleReady();
    });
  }

  #enter(state: EndpointState): void {
    this.#isBegun = true;
    this.#state = state;
    this.enteredAtMs = this.#host.world.nowMs;
    this.#account.move(state, this.#isOwned);
  }

  #disown(): void {
    this.#isOwned = false;
    this.user = null;
    if (this.#isBegun) this.#account.move(this.#state, false);
  }

  /** The kernel is done with it; an application may still have the descriptor. */
  #vanish(): void {
    this.#state = "closed";
    this.enteredAtMs = this.#host.world.nowMs;
    this.send.forget();
    this.#sender.cancel();
    this.#stateTimer.cancel();
    this.#keepAlive?.stop();
    this.#host.forget(this);
    this.#account.move(this.#isOwned ? "closed" : null, this.#isOwned);
    this.#account.charge(this.#isOwned ? this.received.heldBytes : 0);
  }
}
