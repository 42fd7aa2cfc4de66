import { AgentPatternError, type CharacterSet, type PatternNode } from "./agent-pattern.ts";

// Thompson's construction: the trees of all patterns become one automaton, and the 256 characters
// become as few classes as the patterns tell apart. agent-matcher.ts runs it.

/**
 * Most states of all patterns together, which bounds what a character costs that leads to nothing
 * known: the worst pattern that fits takes some 30 ms for an agent of 512 characters, once. The
 * shipped rules have 450. Precedents: Rust's regex bounds a program to 10 MiB, RE2 to 8 MiB.
 */
export const AUTOMATON_LIMIT = 2_048;

/** What a state does. JOIN goes on without reading anything, in one way or two. */
export const READ = 0;
export const JOIN = 1;
export const START = 2;
export const END = 3;
export const FOUND = 4;

/** The states as columns of numbers, because running them is all about memory. */
export interface AgentAutomaton {
  readonly stateCount: number;
  readonly kinds: Uint8Array;
  /** Which pattern each belongs to. */
  readonly patterns: Uint16Array;
  /** The state behind each, and the second one behind JOIN. -1: there is none. */
  readonly nexts: Int16Array;
  readonly others: Int16Array;
  /** Of READ: the characters that lead on. */
  readonly sets: readonly (CharacterSet | null)[];
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
  let stateCount = 0;
  for (const { text, tree } of patterns) {
    // Counted before anything is built: nested repetitions multiply.
    stateCount += countStates(tree) + 1;
    if (stateCount > AUTOMATON_LIMIT) {
      const expected = `at most ${AUTOMATON_LIMIT} states in all patterns together`;
      throw new AgentPatternError(text, `${expected}, and up to here they need ${stateCount}`);
    }
  }
  const builder = new AutomatonBuilder(stateCount);
  const starts = patterns.map(({ tree }, index) => builder.buildPattern(tree, index));
  return { ...builder, ...characterClasses(builder.sets), stateCount, starts };
}

class AutomatonBuilder {
  readonly kinds: Uint8Array;
  readonly patterns: Uint16Array;
  readonly nexts: Int16Array;
  readonly others: Int16Array;
  readonly sets: (CharacterSet | null)[] = [];
  #pattern = 0;

  constructor(stateCount: number) {
    this.kinds = new Uint8Array(stateCount);
    this.patterns = new Uint16Array(stateCount);
    this.nexts = new Int16Array(stateCount);
    this.others = new Int16Array(stateCount);
  }

  buildPattern(tree: PatternNode, pattern: number): number {
    this.#pattern = pattern;
    return this.#build(tree, this.#add(FOUND, -1));
  }

  /** The first state of `node`, whose last one leads to `next`. */
  #build(node: PatternNode, next: number): number {
    switch (node.type) {
      case "empty":
        return next;
      case "character":
        return this.#add(READ, next, -1, node.set);
      case "start":
        return this.#add(START, next);
      case "end":
        return this.#add(END, next);
      case "sequence":
        return node.parts.reduceRight((after, part) => this.#build(part, after), next);
      case "choice": {
        const ways = node.parts.map((part) => this.#build(part, next));
        return ways.reduceRight((other, way) => this.#add(JOIN, way, other));
      }
      case "repeat":
        return this.#buildRepeat(node.part, node.least, node.most, next);
    }
  }

  #buildRepeat(part: PatternNode, least: number, most: number | null, next: number): number {
    let first = next;
    if (most === null) {
      first = this.#add(JOIN, -1, next);
      this.nexts[first] = this.#build(part, first);
    } else {
      for (let count = least; count < most; count++) {
        first = this.#add(JOIN, this.#build(part, first), next);
      }
    }
    for (let count = 0; count < least; count++) first = this.#build(part, first);
    return first;
  }

  #add(kind: number, next: number, other = -1, set: CharacterSet | null = null): number {
    const state = this.sets.push(set) - 1;
    this.kinds[state] = kind;
    this.patterns[state] = this.#pattern;
    this.nexts[state] = next;
    this.others[state] = other;
    return state;
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
  sets: readonly (CharacterSet | null)[],
): Pick<AgentAutomaton, "classOf" | "members"> {
  const classOf = new Uint8Array(256);
  let classCount = 1;
  for (const set of new Set(sets)) {
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
