import { type AgentAutomaton, buildAutomaton, END, FOUND, JOIN, START } from "./agent-automaton.ts";
import type { PatternNode } from "./agent-pattern.ts";

// Runs all patterns over an agent at once, in time linear in the agent, whatever the patterns are.
//
// The states that the automaton can be in together are made into one state of a table when they are
// first met, so that a known agent costs one look-up per character. The table is bounded, and is
// begun anew when it is full. JavaScript's RegExp is not used: it backtracks.

/**
 * How many characters of an agent are looked at, from the left. Browsers send up to about 150, apps
 * that embed one up to about 400. In a longer agent `$` finds nothing, as its end is not looked at.
 */
export const AGENT_LIMIT = 512;
/** Most states in the table: with what is below about 2 MiB, as in Rust's regex (RE2: 8 MiB). */
export const TABLE_LIMIT = 1_024;
/** Most members of all states in the table, as hostile patterns make states with thousands. */
export const MEMBER_LIMIT = 131_072;

export interface MatcherPattern {
  readonly text: string;
  readonly tree: PatternNode;
}

/** The row of the table that every agent begins with, where `^` finds. */
const FIRST_ROW = 0;
const UNKNOWN = -1;
const NO_INDICES = new Uint16Array(0);

/**
 * `V` is what the caller makes of the patterns that were found, once for every state of the table,
 * so that matching allocates nothing.
 */
export class AgentMatcher<V> {
  readonly #automaton: AgentAutomaton;
  readonly #classOf: Uint8Array;
  readonly #classCount: number;
  readonly #verdictOf: (found: readonly number[]) => V;
  /** A row per state, a column per class of characters. */
  readonly #table: Int16Array;
  /** By state and by pattern: the visit in which it was reached, or found. */
  readonly #reachedIn: Float64Array;
  readonly #foundIn: Float64Array;
  #visit = 0;
  /** The members of every state: states of the automaton that can be current together. */
  #members: Uint16Array[] = [];
  #memberCount = 0;
  /** By the hash of their members. The first row is not in it. */
  #rowsOf = new Map<number, number[]>();
  /** By state: what is found if the agent ends there, and if it was not looked at to its end. */
  #atEnd: (V | undefined)[] = [];
  #beforeEnd: (V | undefined)[] = [];
  #stepCount = 0;

  /** @throws {AgentPatternError} The patterns together are too large. */
  constructor(patterns: readonly MatcherPattern[], verdictOf: (found: readonly number[]) => V) {
    this.#automaton = buildAutomaton(patterns);
    this.#classOf = this.#automaton.classOf;
    this.#classCount = this.#automaton.members.length;
    this.#verdictOf = verdictOf;
    this.#table = new Int16Array(TABLE_LIMIT * this.#classCount);
    this.#reachedIn = new Float64Array(this.#automaton.stateCount);
    this.#foundIn = new Float64Array(patterns.length);
    this.#begin();
  }

  /** Visited states of the automaton since construction: the whole cost besides the look-ups. */
  get stepCount(): number {
    return this.#stepCount;
  }

  get tableSize(): number {
    return this.#members.length;
  }

  /** What `verdictOf` made of the indices of the patterns found in `agent`, in ascending order. */
  match(agent: string): V {
    const classOf = this.#classOf;
    const table = this.#table;
    const classCount = this.#classCount;
    const end = Math.min(agent.length, AGENT_LIMIT);
    let state = FIRST_ROW;
    for (let at = 0; at < end; at++) {
      // Latin1 has no others. Of other characters the low byte is read, as latin1Bytes does.
      const characterClass = classOf[agent.charCodeAt(at) & 0xff] as number;
      const next = table[state * classCount + characterClass] as number;
      state = next === UNKNOWN ? this.#addTransition(state, characterClass) : next;
    }
    const verdicts = end === agent.length ? this.#atEnd : this.#beforeEnd;
    const known = verdicts[state];
    if (known !== undefined) return known;
    const verdict = this.#verdictOf(this.#patternsFound(state, end === agent.length));
    verdicts[state] = verdict;
    return verdict;
  }

  #begin(): void {
    this.#table.fill(UNKNOWN);
    this.#members = [];
    this.#memberCount = 0;
    this.#rowsOf = new Map();
    this.#atEnd = [];
    this.#beforeEnd = [];
    // It is not in #rowsOf: no other state knows that nothing was read yet.
    this.#addState(this.#close([...this.#automaton.starts], { isStart: true }));
  }

  #addTransition(state: number, characterClass: number): number {
    const { kinds, nexts, sets, starts } = this.#automaton;
    const members = this.#members[state] ?? NO_INDICES;
    const character = this.#automaton.members[characterClass] ?? 0;
    // A pattern may begin at every character, so its first states are always among the next.
    const reached = [...starts];
    for (const member of members) {
      this.#stepCount++;
      if (kinds[member] === FOUND) reached.push(member);
      else if (sets[member]?.[character] === 1) reached.push(nexts[member] as number);
    }
    const next = this.#close(reached, { isStart: false });
    const hash = hashOf(next);
    const known = this.#rowsOf.get(hash)?.find((row) => isEqual(this.#members[row], next));
    if (known !== undefined) {
      this.#table[state * this.#classCount + characterClass] = known;
      return known;
    }
    const isFull =
      this.#members.length >= TABLE_LIMIT || this.#memberCount + next.length > MEMBER_LIMIT;
    if (isFull) this.#begin();
    const added = this.#addState(next);
    const sameHash = this.#rowsOf.get(hash);
    if (sameHash === undefined) this.#rowsOf.set(hash, [added]);
    else sameHash.push(added);
    // After a new beginning `state` is the number of another state, or of none.
    if (!isFull) this.#table[state * this.#classCount + characterClass] = added;
    return added;
  }

  #addState(members: Uint16Array): number {
    this.#memberCount += members.length;
    return this.#members.push(members) - 1;
  }

  /**
   * What can be current after `reached`: states that read, wait for the end, or have found. A
   * pattern that was found stays found, and its other states no longer matter.
   */
  #close(
    open: number[],
    { isStart, isEnd = false }: { readonly isStart: boolean; readonly isEnd?: boolean },
  ): Uint16Array {
    const { kinds, patterns, nexts, others } = this.#automaton;
    const reachedIn = this.#reachedIn;
    const foundIn = this.#foundIn;
    const visit = ++this.#visit;
    const closed: number[] = [];
    // What was found lies above the first states, so those of its pattern are not followed.
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      const pattern = patterns[state] as number;
      if (reachedIn[state] === visit || foundIn[pattern] === visit) continue;
      reachedIn[state] = visit;
      this.#stepCount++;
      const kind = kinds[state];
      if (kind === JOIN) {
        open.push(others[state] as number, nexts[state] as number);
      } else if (kind === START || (kind === END && isEnd)) {
        if (kind === END || isStart) open.push(nexts[state] as number);
      } else {
        closed.push(state);
        if (kind === FOUND) foundIn[pattern] = visit;
      }
    }
    const isOpen = (state: number) => foundIn[patterns[state] as number] !== visit;
    return Uint16Array.from(
      closed.filter((state) => kinds[state] === FOUND || isOpen(state)),
    ).sort();
  }

  #patternsFound(row: number, isEnd: boolean): readonly number[] {
    const { kinds, patterns } = this.#automaton;
    const members = this.#members[row] ?? NO_INDICES;
    const closed = this.#close([...members], { isStart: row === FIRST_ROW, isEnd });
    const found = closed.filter((state) => kinds[state] === FOUND);
    return Array.from(found, (state) => patterns[state] as number);
  }
}

/** FNV-1a, over members in place of bytes. A text as the key costs more than all the rest. */
function hashOf(members: Uint16Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < members.length; at++) {
    hash = Math.imul(hash ^ (members[at] as number), 0x01000193);
  }
  return hash;
}

function isEqual(a: Uint16Array | undefined, b: Uint16Array): boolean {
  if (a === undefined || a.length !== b.length) return false;
  for (let at = 0; at < b.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
