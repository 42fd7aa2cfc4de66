import type { TransportEndpoint } from "../transport/transport.ts";
import { BlockingClose } from "./blocking-close.ts";
import {
  type Accountant,
  EndpointAccount,
  type EndpointState,
  mayStillSend,
} from "./endpoint-account.ts";
import { type EndpointError, type EndpointUser, WakeUp } from "./endpoint-user.ts";
import { type KeepAlive, KeepAliveProbes } from "./keep-alive.ts";
import { KernelTimer } from "./kernel-timer.ts";
import { ReceiveSide } from "./receive-side.ts";
import { lengthOf, type Segment } from "./segment.ts";
import { SegmentSender, type SenderHost } from "./segment-sender.ts";
import { SEGMENT_BYTES, SendSide } from "./send-side.ts";

// One end of a connection, as a kernel has it: RFC 9293 with what today's systems do at the end.
//
// There is no delayed acknowledgment, no Nagle, no simultaneous open, no urgent data. Whoever has
// the socket is woken as by epoll: it is told to look, and finds what is there.

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
  readonly #stateTimer: KernelTimer;
  readonly #wakeUp: WakeUp;
  #keepAlive: KeepAliveProbes | null = null;
  /** close() has been called, and has not returned. */
  #blockingClose: BlockingClose | null = null;
  #state: EndpointState = "closed";
  #isOwned = false;
  /** False once close() was called: nobody will read what comes. */
  #isRead = true;
  /** False before the SYN. */
  #isBegun = false;
  /** TCP_LINGER2. */
  #finWait2LimitMs: number | null = null;

  constructor(host: EndpointHost, local: TransportEndpoint, peer: TransportEndpoint) {
    const { behavior, world } = host;
    this.#host = host;
    this.local = local;
    this.peer = peer;
    this.send = new SendSide(behavior.sendBufferBytes, behavior.retryTimes);
    this.received = new ReceiveSide(behavior.receiveBufferBytes);
    this.#sender = new SegmentSender(host, this, this, () => this.#handleSilence());
    this.#account = new EndpointAccount(host, this);
    this.#stateTimer = new KernelTimer(world, behavior.timers, () => this.#handleStateTimeout());
    this.#wakeUp = new WakeUp(world, () => this.user?.handleReady());
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
    this.#sender.sendSyn();
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
    if (this.#beginClose()) this.#becomeOrphan();
    this.#settle();
  }

  /** SO_LINGER, then close(); `onReturn`: that returns. 0 s: RST. */
  closeBlocking(timeoutMs: number, onReturn: () => void): void {
    if (timeoutMs === 0) this.abort();
    const isBegun = this.#beginClose();
    const end = (): void => this.#endBlockingClose();
    this.#blockingClose = new BlockingClose(this.#host.world, timeoutMs, end, onReturn);
    if (!isBegun || !mayStillSend(this.#state)) end();
    this.#settle();
  }

  /** TCP_LINGER2: a time limit of its own for an orphan in FIN-WAIT-2. */
  limitFinWait2(orphanMs: number): void {
    this.#finWait2LimitMs = orphanMs;
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

  /** False: nothing is left of the connection. */
  #beginClose(): boolean {
    if (!this.#isOwned) return false;
    if (this.received.queuedBytes > 0 && this.#host.behavior.resetsUnreadOnClose) {
      this.abort();
      return false;
    }
    if (this.#state === "syn-sent" || this.#state === "closed") {
      this.vanish();
      return false;
    }
    this.user = null;
    this.#isRead = false;
    this.received.discard();
    this.shutdownWrite();
    return true;
  }

  #becomeOrphan(): void {
    const { behavior, orphanCount } = this.#host;
    if (orphanCount >= behavior.orphanLimit && mayStillSend(this.#state)) {
      this.abort();
      return;
    }
    this.#disown();
    if (this.#state !== "fin-wait-2") return;
    this.#stateTimer.arm(this.#finWait2LimitMs ?? behavior.finWait2OrphanMs);
  }

  #endBlockingClose(): void {
    const blockingClose = this.#blockingClose;
    if (blockingClose === null) return;
    this.#blockingClose = null;
    if (this.#isOwned) this.#becomeOrphan();
    blockingClose.end();
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
    this.#sender.sendSyn();
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
      if (this.#state === "syn-received") this.#sender.sendSyn();
      else this.#sender.isAcknowledgmentDue = true;
      return;
    }
    this.#keepAlive?.noteHeard();
    if (segment.acknowledgment !== null) this.#handleAcknowledgment(segment);
    if (this.#state === "closed") return;
    const isForNobody = !this.#isRead && this.#state !== "time-wait";
    if (isForNobody && this.received.hasNews(segment)) {
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

  #handleAcknowledgment(segment: Segment): void {
    this.#sender.noteWindow(segment.windowBytes);
    const news = this.send.receive(segment, this.#host.world.nowMs);
    if (news === "acknowledged") {
      this.#sender.cancel();
      this.#handleProgress();
    } else if (news === "lost") this.#sender.sendFrom(this.send.unacknowledged);
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
    const { finWait2OwnedMs, finWait2OrphanMs, finWait2ClosedEarlyMs } = this.#host.behavior;
    const orphanMs = this.#finWait2LimitMs ?? finWait2ClosedEarlyMs ?? finWait2OrphanMs;
    this.#stateTimer.arm(this.#isOwned ? finWait2OwnedMs : orphanMs);
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
    const isHalf = this.#state === "close-wait";
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
    const isGoingOn = this.#sender.retry({ isOpening: this.#isOpening, isOwned: this.#isOwned });
    if (!isGoingOn) this.#fail("ETIMEDOUT");
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
    if (this.user !== null) this.#wakeUp.plan();
  }

  #enter(state: EndpointState): void {
    this.#isBegun = true;
    this.#state = state;
    this.enteredAtMs = this.#host.world.nowMs;
    this.#account.move(state, this.#isOwned);
    if (!mayStillSend(state)) this.#endBlockingClose();
  }

  #disown(): void {
    this.#isOwned = false;
    this.user = null;
    if (this.#isBegun) this.#account.move(this.#state, false);
  }

  /** The kernel is done with it; an application may still have the descriptor. */
  #vanish(): void {
    this.#state = "closed";
    this.#endBlockingClose();
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
