import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  FILTER_LIMIT_CHARACTERS,
  FIRST_VIEW,
  splitKeys,
  type TopView,
  viewAfterKey,
} from "./top-keys.ts";

// Goal: each key does what top and less have taught. How: keys as a terminal sends them, one after
// the other, and the whole view that is then there.

/** The view after all keys; `null`: the user left. */
function after(text: string, start: Partial<TopView> = {}): TopView | null {
  let view: TopView | null = { ...FIRST_VIEW, ...start };
  for (const key of splitKeys(text)) {
    view = viewAfterKey(view, key);
    if (view === null) return null;
  }
  return view;
}

const expectView = (text: string, changes: Partial<TopView>, start?: Partial<TopView>): void => {
  assert.deepEqual(after(text, start), { ...FIRST_VIEW, ...start, ...changes });
};

describe("splitKeys", () => {
  it("cursor keys between letters: are one key each", () => {
    assert.deepEqual(splitKeys("a\x1b[A\x1b[1;5Cb\x1bOP\x1b"), [
      "a",
      "\x1b[A",
      "\x1b[1;5C",
      "b",
      "\x1bOP",
      "\x1b",
    ]);
    assert.deepEqual(splitKeys(""), []);
  });
});

describe("viewAfterKey", () => {
  for (const keys of ["q", "Q", "\x03", "hq", "/abc\x03", "h\x03"]) {
    it(`${JSON.stringify(keys)}: leaves`, () => {
      assert.equal(after(keys), null);
    });
  }

  it("space, p: pause and go on", () => {
    expectView(" ", { isPaused: true });
    expectView("p", { isPaused: true });
    expectView(" p", {});
  });

  it("s, >, <: go through the columns and round", () => {
    expectView("s", { sort: "seen" });
    expectView(">>", { sort: "unsent" });
    expectView("<", { sort: "owner" });
    expectView("<>", {});
  });

  it("r: turns the order round", () => {
    expectView("r", { isReversed: true });
    expectView("rR", {});
  });

  it("f, digits: one state, and all again", () => {
    expectView("f", { state: "fin-wait-1" });
    expectView("ff", { state: "fin-wait-2" });
    expectView("ffffff", { state: null });
    expectView("4", { state: "close-wait" });
    expectView("44", { state: null });
    expectView("40", { state: null });
    expectView("9", {});
  });

  it("/, a text, Enter: is the filter; Esc takes it away", () => {
    expectView("/10.0", { typed: "10.0" });
    expectView("/10.0\r", { filter: "10.0" });
    expectView("/ab\x7fc\r", { filter: "ac" });
    expectView("/ab\x15c\n", { filter: "c" });
    expectView("/ab\x1b", {});
    expectView("/q\x1b[A\t\r", { filter: "q" });
    expectView("/x\r", { filter: "oldx" }, { filter: "old" });
    expectView("\x1b", { filter: "", state: null }, { filter: "x", state: "closing" });
  });

  it(`more than ${FILTER_LIMIT_CHARACTERS} characters: are not typed`, () => {
    const limit = "x".repeat(FILTER_LIMIT_CHARACTERS);
    expectView(`/${limit}yy\r`, { filter: limit });
  });

  it("h, ?: help, until any key", () => {
    expectView("h", { isHelpShown: true });
    expectView("?", { isHelpShown: true });
    expectView("hs", {});
  });

  it("keys that are not known: do nothing", () => {
    expectView("zX\x1b[A\x1b[5~é", {});
  });
});
