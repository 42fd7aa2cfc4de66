import type { TransportEndpoint } from "../transport/transport.ts";
import { KernelTimer } from "./kernel-timer.ts";
import { isPatienceOver } from "./patience.ts";
import type { ReceiveSide } from "./receive-side.ts";
import type { Segment } from "./segment.ts";
import { SEGMENT_BYTES, type SendSide } from "./send-side.ts";
import type { SystemBehavior } from "./system-behavior.ts";
import type { World } from "./world.ts";

// What one end of a connection puts on its way, and when it tries again.

export interface SenderHost {
  readonly world: World;
  readonly behavior: SystemBehavior;
  transmit(segment: Segment): void;
}

type Parts = Pick<Segment, "sequence" | "bytes" | "isFin"> &
  Partial<Pick<Segment, "isSyn" | "isReset" | "acknowledgment">>;

const NOTHING = new Uint8Array(0);

export class SegmentSender {
  isAcknowledgmentDue = false;
  /** When the peer's window closed, `null` while it is open. */
  #blockedSinceMs: number | null = null;
  #userTimeoutMs = Number.POSITIVE_INFINITY;
  readonly #host: SenderHost;
  readonly #local: TransportEndpoint;
  readonly #peer: TransportEndpoint;
  readonly #send: SendSide;
  readonly #received: ReceiveSide;
  readonly #timer: KernelTimer;

  /** `onSilence`: nothing was acknowledged in time. */
  constructor(
    host: SenderHost,
    ends: { readonly local: TransportEndpoint; readonly peer: TransportEndpoint },
    sides: { readonly send: SendSide; readonly received: ReceiveSide },
    onSilence: () => void,
  ) {
    this.#host = host;
    this.#local = ends.local;
    this.#peer = ends.peer;
    this.#send = sides.send;
    this.#received = sides.received;
    this.#timer = new KernelTimer(host.world, host.behavior.timers, onSilence);
  }

  /** TCP_USER_TIMEOUT has passed, for data or for a window that stays closed. */
  get #isUserTimeoutOver(): boolean {
    return this.#host.world.nowMs - this.#sinceMs >= this.#userTimeoutMs;
  }
  /** Something waits, and nothing is under way that could make the peer tell of room. */
  get #isBlocked(): boolean {
    const { inFlightBytes, next, finAt, end } = this.#send;
    return inFlightBytes === 0 && next < (finAt === null ? end : finAt + 1);
  }
  get #sinceMs(): number {
    return this.#blockedSinceMs ?? this.#send.waitingSinceMs ?? this.#host.world.nowMs;
  }

  useUserTimeout(timeoutMs: number): void {
    this.#userTimeoutMs = timeoutMs;
    if (this.#timer.isArmed) this.arm();
  }

  noteWindow(windowBytes: number): void {
    if (windowBytes > 0) this.#blockedSinceMs = null;
  }

  arm(): void {
    const leftMs = Math.max(0, this.#sinceMs + this.#userTimeoutMs - this.#host.world.nowMs);
    const { probePauseMs, timeoutMs } = this.#send.rounds;
    this.#timer.arm(Math.min(this.#isBlocked ? probePauseMs : timeoutMs, leftMs));
  }

  cancel(): void {
    this.#timer.cancel();
  }

  /** Sends all that the windows allow. */
  transmit(): void {
    while (this.sendFrom(this.#send.next)) {
      // Until a window is full, or nothing is left.
    }
    if (this.#timer.isArmed) return;
    if (this.#isBlocked) this.#blockedSinceMs ??= this.#host.world.nowMs;
    else if (this.#send.inFlightBytes === 0) return;
    this.arm();
  }

  /** Sends one segment with what begins at `from`. False: there is nothing, or no room. */
  sendFrom(from: number): boolean {
    const { finAt, end, next } = this.#send;
    const isAgain = from < next;
    const allowed = isAgain ? SEGMENT_BYTES : this.#send.allowedBytes();
    if (allowed <= 0) return false;
    const bytes = from < end ? this.#send.bytesFrom(from).subarray(0, allowed) : NOTHING;
    const isFin = finAt !== null && from + bytes.byteLength === finAt && bytes.byteLength < allowed;
    if (bytes.byteLength === 0 && !isFin) return false;
    // A small piece of a window is not worth a segment while others are under way.
    const isPiece = bytes.byteLength === allowed && allowed < SEGMENT_BYTES && from + allowed < end;
    if (isPiece && this.#send.inFlightBytes > 0 && !isAgain) return false;
    this.#send.noteSent(from + bytes.byteLength + (isFin ? 1 : 0), this.#host.world.nowMs);
    this.#put({ sequence: from, bytes, isFin });
    if (!this.#timer.isArmed) this.arm();
    return true;
  }

  /** Nobody has answered: asks for room, or sends again. False: the peer is given up. */
  retry({ isOpening, isOwned }: { isOpening: boolean; isOwned: boolean }): boolean {
    const { behavior, world } = this.#host;
    const isProbing = this.#isBlocked;
    const silence = { send: this.#send, nowMs: world.nowMs, isOpening, isOwned, isProbing };
    if (this.#isUserTimeoutOver || isPatienceOver(silence, behavior)) return false;
    if (isProbing) {
      this.#send.noteProbe();
      this.sendProbe();
    } else {
      this.#send.noteTimeout();
      if (isOpening) this.sendSyn();
      else this.sendFrom(this.#send.unacknowledged);
    }
    this.arm();
    return true;
  }

  /** With an acknowledgment, once the peer's SYN is known. */
  sendSyn(): void {
    const { next } = this.#received;
    const acknowledgment = next > 0 ? next : null;
    this.#send.noteSent(1, this.#host.world.nowMs);
    this.#put({ sequence: 0, bytes: NOTHING, isFin: false, isSyn: true, acknowledgment });
    this.arm();
  }

  sendAcknowledgment(): void {
    this.#put({ sequence: this.#send.next, bytes: NOTHING, isFin: false });
  }

  /** One number back, so that the peer has to answer. */
  sendProbe(): void {
    this.#put({ sequence: this.#send.unacknowledged - 1, bytes: NOTHING, isFin: false });
  }

  sendReset(): void {
    this.#put({ sequence: this.#send.next, bytes: NOTHING, isFin: false, isReset: true });
  }

  #put(parts: Parts): void {
    this.isAcknowledgmentDue = false;
    this.#host.transmit({
      from: this.#local,
      to: this.#peer,
      isSyn: false,
      isReset: false,
      acknowledgment: this.#received.next,
      windowBytes: this.#received.windowBytes,
      ...parts,
    });
  }
}
