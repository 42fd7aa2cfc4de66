import type { TcpState } from "../tcp/state.ts";
import type { TransportEndpoint } from "../transport/transport.ts";
import type { SystemBehavior } from "./system-behavior.ts";

// What one connection costs its machine: a place among the connections of its state, and memory.

export type EndpointState = TcpState | "syn-sent" | "syn-received";

/** Whose account it is. */
export interface AccountHolder {
  readonly local: TransportEndpoint;
  readonly peer: TransportEndpoint;
  /** What has ended it, if that was no good end. */
  readonly error: string | null;
}

/** Whoever adds it all up. */
export interface Accountant {
  readonly behavior: SystemBehavior;
  account(differenceBytes: number): void;
  /** `null`: it was in no place, or is in none any more. */
  noteMove(holder: AccountHolder, before: EndpointPlace | null, after: EndpointPlace | null): void;
  /** `isSendingOrphan`: nobody has it, and it still has something to send. */
  countState(place: EndpointPlace, difference: number): void;
}

export interface EndpointPlace {
  readonly state: EndpointState;
  readonly isOwned: boolean;
  readonly isSendingOrphan: boolean;
}

/** States in which nothing is sent any more but acknowledgments. */
const SILENT: ReadonlySet<EndpointState> = new Set(["closed", "time-wait", "fin-wait-2"]);

export function mayStillSend(state: EndpointState): boolean {
  return !SILENT.has(state);
}

function isOrphan(state: EndpointState, isOwned: boolean): boolean {
  return !isOwned && state !== "syn-received";
}

export class EndpointAccount {
  readonly #accountant: Accountant;
  readonly #holder: AccountHolder;
  #place: EndpointPlace | null = null;
  #usedBytes = 0;

  constructor(accountant: Accountant, holder: AccountHolder) {
    this.#accountant = accountant;
    this.#holder = holder;
  }

  /** The connection is in another place, or in none. */
  move(state: EndpointState | null, isOwned: boolean): void {
    const before = this.#place;
    if (before !== null) this.#accountant.countState(before, -1);
    this.#place =
      state === null
        ? null
        : { state, isOwned, isSendingOrphan: isOrphan(state, isOwned) && mayStillSend(state) };
    if (this.#place !== null) this.#accountant.countState(this.#place, 1);
    this.#accountant.noteMove(this.#holder, before, this.#place);
  }

  /** `bufferBytes`: what it holds for the application and for the peer. */
  charge(bufferBytes: number): void {
    const bytes = this.#costBytes(bufferBytes);
    this.#accountant.account(bytes - this.#usedBytes);
    this.#usedBytes = bytes;
  }

  #costBytes(bufferBytes: number): number {
    const { memory } = this.#accountant.behavior;
    if (this.#place === null) return 0;
    if (this.#place.isOwned) return memory.ownedBytes + bufferBytes;
    if (this.#place.state === "syn-received") return memory.openingBytes;
    if (this.#place.state === "time-wait") return memory.timeWaitBytes;
    if (this.#place.state === "fin-wait-2") return memory.finWait2Bytes;
    return memory.orphanBytes + bufferBytes;
  }
}
