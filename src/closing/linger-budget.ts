import { TimerEntry, type TimerLists, type TimerOwner } from "../base/timer-lists.ts";
import type { LingerBudgetPolicy } from "./policy.ts";

// The linger budget of one server: how many connections linger, in total and per client address,
// and how much is thrown away for them in one turn.
//
// Lingering is the one thing that a peer can make us do after we have decided to part, so it is
// counted, the oldest goes first, and what is left of it becomes shorter before it is used up.

/** A connection that lingers, as the budget sees it. */
export interface LingerMember {
  /** The budget is used up, and this connection is the oldest: it goes now. */
  handleEvicted(): void;
  /** The budget is nearly used up: it goes if the peer has acknowledged everything. */
  handlePressed(): void;
  /** It may read again. */
  handleTurn(): void;
}

/** Counters for operators. Counts without "now" grow for as long as the server lives. */
export interface LingerBudgetCounts {
  readonly lingeringNowCount: number;
  /** The most that ever lingered at once. */
  readonly lingeringPeakCount: number;
  readonly lingeredCount: number;
  /** Released because `lingerConnectionLimit` was reached. */
  readonly evictedCount: number;
  /** Released because `lingerConnectionLimitPerAddress` was reached. */
  readonly evictedByAddressCount: number;
  /** Given a short linger, because the pressure mark was passed. */
  readonly pressedCount: number;
  /** Times that reading stopped until the next turn. */
  readonly turnWaitCount: number;
}

/** Older members that are looked at for each new one above the mark: the work stays bounded. */
const SWEEP_COUNT = 2;
/** Length of a turn. Timers know nothing shorter. */
const TURN_MS = 1;
/** What a member reads when it may, at least: the runtime's buffer. */
const READ_BYTES = 65_536;

export class LingerBudget implements TimerOwner {
  readonly #timers: TimerLists;
  #policy: LingerBudgetPolicy;
  /** In the order in which they began, which is the order in which they go. */
  readonly #members = new Set<LingerMember>();
  readonly #byAddress = new Map<string, Set<LingerMember>>();
  readonly #turn: TimerEntry = new TimerEntry(this);
  readonly #waiting = new Set<LingerMember>();
  #turnBytes = 0;
  #lingeringPeakCount = 0;
  #lingeredCount = 0;
  #evictedCount = 0;
  #evictedByAddressCount = 0;
  #pressedCount = 0;
  #turnWaitCount = 0;

  constructor(policy: LingerBudgetPolicy, timers: TimerLists) {
    this.#policy = policy;
    this.#timers = timers;
  }

  get counts(): LingerBudgetCounts {
    return {
      lingeringNowCount: this.#members.size,
      lingeringPeakCount: this.#lingeringPeakCount,
      lingeredCount: this.#lingeredCount,
      evictedCount: this.#evictedCount,
      evictedByAddressCount: this.#evictedByAddressCount,
      pressedCount: this.#pressedCount,
      turnWaitCount: this.#turnWaitCount,
    };
  }

  /** Addresses of which connections linger. */
  get addressCount(): number {
    return this.#byAddress.size;
  }

  usePolicy(policy: LingerBudgetPolicy): void {
    this.#policy = policy;
  }

  /**
   * Counts `member` in, and makes room for it. Returns true above the pressure mark.
   * `addressKey` is the client's, as budgets per address count it.
   */
  admit(member: LingerMember, addressKey: string): boolean {
    this.#lingeredCount += 1;
    this.#add(member, addressKey);
    const { lingerConnectionLimit, lingerConnectionLimitPerAddress } = this.#policy;
    const ofAddress = this.#byAddress.get(addressKey);
    if (lingerConnectionLimitPerAddress > 0 && ofAddress !== undefined) {
      while (ofAddress.size > lingerConnectionLimitPerAddress) {
        this.#evictedByAddressCount += 1;
        evictFirst(ofAddress);
      }
    }
    while (this.#members.size > lingerConnectionLimit) {
      this.#evictedCount += 1;
      evictFirst(this.#members);
    }
    this.#lingeringPeakCount = Math.max(this.#lingeringPeakCount, this.#members.size);
    if (!this.#isPressed()) return false;
    this.#pressedCount += 1;
    this.#sweep(member);
    return true;
  }

  /** Counts `member` out. Does nothing if it is not in. */
  leave(member: LingerMember, addressKey: string): void {
    if (!this.#members.delete(member)) return;
    this.#waiting.delete(member);
    const ofAddress = this.#byAddress.get(addressKey);
    ofAddress?.delete(member);
    if (ofAddress?.size === 0) this.#byAddress.delete(addressKey);
  }

  /**
   * Notes bytes that were thrown away for `member`. False: the turn's share is used up, and
   * `member` must not read before it hears of the next turn.
   */
  takeTurnBytes(member: LingerMember, byteLength: number, nowMs: number): boolean {
    this.#turnBytes += byteLength;
    if (!this.#turn.isArmed) this.#timers.arm(this.#turn, TURN_MS, nowMs);
    if (this.#turnBytes <= this.#policy.lingerTurnLimitBytes) return true;
    this.#turnWaitCount += 1;
    this.#waiting.add(member);
    return false;
  }

  handleTimer(_entry: TimerEntry, nowMs: number): void {
    this.#turnBytes = 0;
    let roomBytes = this.#policy.lingerTurnLimitBytes;
    for (const member of this.#waiting) {
      if (roomBytes <= 0) break;
      roomBytes -= READ_BYTES;
      this.#waiting.delete(member);
      member.handleTurn();
    }
    if (this.#waiting.size > 0) this.#timers.arm(this.#turn, TURN_MS, nowMs);
  }

  #add(member: LingerMember, addressKey: string): void {
    this.#members.add(member);
    const ofAddress = this.#byAddress.get(addressKey);
    if (ofAddress === undefined) this.#byAddress.set(addressKey, new Set([member]));
    else ofAddress.add(member);
  }

  #isPressed(): boolean {
    const { lingerConnectionLimit, lingerPressurePercent } = this.#policy;
    if (lingerPressurePercent === 100) return false;
    return this.#members.size * 100 > lingerConnectionLimit * lingerPressurePercent;
  }

  /** Lets the oldest members go that need not stay, `newest` not among them. */
  #sweep(newest: LingerMember): void {
    const oldest: LingerMember[] = [];
    for (const member of this.#members) {
      if (member === newest || oldest.length === SWEEP_COUNT) break;
      oldest.push(member);
    }
    for (const member of oldest) member.handlePressed();
  }
}

/** The member leaves by itself, which takes it out of `members`; if not, it is taken out here. */
function evictFirst(members: Set<LingerMember>): void {
  const [first] = members;
  if (first === undefined) return;
  first.handleEvicted();
  members.delete(first);
}
