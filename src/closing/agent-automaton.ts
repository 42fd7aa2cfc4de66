import { AgentPatternError, type CharacterSet, type PatternNode } from "./agent-pattern.ts";

// Thompson's construction: the trees of all patterns become one automaton, and the 256 characters
// become as few classes as the patterns tell apart. agent-matcher.ts runs it.

/**
 * Most states of all patterns together, which bounds what a character can cost that leads to nothing
 * known. Precedents: Rust's regex bounds a program to 10 MiB, RE2 program and table to 8 MiB.
 */
export const AUTOMATON_LIMIT = 8_192;

/** What a state does. `join` goes on without reading anything; `other` is its second way. */
export type StateKind = "read" | "join" | "start" | "end" | "found";

export interface AutomatonState {
  readonly kind: StateKind;
  /** Which pattern it belongs to. */
  readonly pattern: number;
  /** Of "read": the characters that lead to `next`. */
  readonly set: CharacterSet | null;
  /** -1: there is none. A loop is closed after what it repeats has been built. */
  next: number;
  readonly other: number;
}

export interface AgentAutomaton {
  readonly states: readonly AutomatonState[];
  /** The first state of every pattern. */
  readonly starts: readonly number[];
  /** The class of every character. */
  readonly classOf: Uint8Array;
  /** One character of every class. */
  readonly members: readonly number[];
}

/** @throws {AgentPatternError} The patterns together have more states than the limit. */
export function buildAutomaton(
  patterns: readonly { readonly text: string; readonly tree: PatternNode }[],
): AgentAutomaton {
  const builder = new AutomatonBuilder();
  let stateCount = 0;
  const starts = patterns.map(({ text, tree }, index) => {
    // Counted before it is built: nested repetitions multiply.
    stateCount += countStates(tree) + 1;
    if (stateCount > AUTOMATON_LIMIT) {
      const expected = `at most ${AUTOMATON_LIMIT} states in all patterns together`;
      throw new AgentPatternError(text, `${expected}, and up to here they need ${stateCount}`);
    }
    return builder.buildPattern(tree, index);
  });
  const { classOf, members } = characterClasses(builder.states);
  return { states: builder.states, starts, classOf, members };
}

class AutomatonBuilder {
  readonly states: AutomatonState[] = [];
  #pattern = 0;

  buildPattern(tree: PatternNode, pattern: number): number {
    this.#pattern = pattern;
    return this.#build(tree, this.#add("found", -1));
  }

  /** The first state of `node`, whose last one leads to `next`. */
  #build(node: PatternNode, next: number): number {
    switch (node.type) {
      case "empty":
        return next;
      case "character":
        return this.#add("read", next, -1, node.set);
      case "start":
      case "end":
        return this.#add(node.type, next);
      case "sequence":
        return node.parts.reduceRight((after, part) => this.#build(part, after), next);
      case "choice": {
        const ways = node.parts.map((part) => this.#build(part, next));
        return ways.reduceRight((other, way) => this.#add("join", way, other));
      }
      case "repeat":
        return this.#buildRepeat(node.part, node.least, node.most, next);
    }
  }

  #buildRepeat(part: PatternNode, least: number, most: number | null, next: number): number {
    let first = next;
    if (most === null) {
      first = this.#add("join", -1, next);
      const loop = this.states[first];
      if (loop !== undefined) loop.next = this.#build(part, first);
    } else {
      for (let count = least; count < most; count++) {
        first = this.#add("join", this.#build(part, first), next);
      }
    }
    for (let count = 0; count < least; count++) first = this.#build(part, first);
    return first;
  }

  #add(kind: StateKind, next: number, other = -1, set: CharacterSet | null = null): number {
    return this.states.push({ kind, pattern: this.#pattern, set, next, other }) - 1;
  }
}

/** How many states the builder makes of `node`. */
function countStates(node: PatternNode): number {
  switch (node.type) {
    case "empty":
      return 0;
    case "character":
    case "start":
    case "end":
      return 1;
    case "sequence":
      return sum(node.parts);
    case "choice":
      return sum(node.parts) + node.parts.length - 1;
    case "repeat": {
      const { least, most } = node;
      const part = countStates(node.part);
      return part * least + (most === null ? part + 1 : (part + 1) * (most - least));
    }
  }
}

const sum = (parts: readonly PatternNode[]): number =>
  parts.reduce((count, part) => count + countStates(part), 0);

/** Characters that no pattern tells apart share a class, which keeps the table narrow. */
function characterClasses(
  states: readonly AutomatonState[],
): Pick<AgentAutomaton, "classOf" | "members"> {
  const classOf = new Uint8Array(256);
  let classCount = 1;
  for (const set of new Set(states.map((state) => state.set))) {
    if (set === null || classCount === 256) continue;
    const split = new Map<number, number>();
    classCount = 0;
    for (let code = 0; code < 256; code++) {
      const key = (classOf[code] ?? 0) * 2 + (set[code] ?? 0);
      const known = split.get(key) ?? classCount++;
      split.set(key, known);
      classOf[code] = known;
    }
  }
  const members: number[] = [];
  for (const [code, each] of classOf.entries()) members[each] ??= code;
  return { classOf, members };
}
