import assert from "node:assert/strict";
import { afterEach, describe, it } from "vitest";
import { TERMINAL_NOTE, TerminalSession } from "../support/terminal-session.ts";

// Goal: the bar of `finwait simulate` as somebody sees it who waits, or does not. How: the built
// command plays a long scenario in a terminal, which is tmux.

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const BAR = /^\[#*-+\] +\d+ % {2}[\d.]+ M events\/min {2}.* left/m;

const sessions: TerminalSession[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.end();
});

/** The command in a terminal that shows the exit code at the end, and then stays. */
function terminal(args: string): TerminalSession {
  const command = `${process.execPath} ${MAIN} simulate ${args}`;
  const session = new TerminalSession(`trap : INT; ${command}; echo "EXIT $?"; exec cat`);
  sessions.push(session);
  return session;
}

describe("finwait simulate on a terminal", () => {
  it("Ctrl-C: the bar is gone, and so is the command", async (ctx) => {
    if (TERMINAL_NOTE !== null) return ctx.skip(TERMINAL_NOTE);
    const session = terminal("million-clients");
    await session.sees(BAR);
    session.press("C-c");
    assert.match(await session.sees(/EXIT/), /^EXIT 130\n/);
  });

  it("standard output in a file: the bar is on the terminal all the same", async (ctx) => {
    if (TERMINAL_NOTE !== null) return ctx.skip(TERMINAL_NOTE);
    const session = terminal("million-clients --json >/dev/null");
    await session.sees(BAR);
    session.signal("SIGTERM");
    assert.match(await session.sees(/EXIT/), /^(?:Terminated\n)?EXIT 143\n/);
  });

  it("standard error in a pipe: nothing on the screen before the end", async (ctx) => {
    if (TERMINAL_NOTE !== null) return ctx.skip(TERMINAL_NOTE);
    const session = terminal("apache-1.1 --trace 6000 2>&1 >/dev/null | cat -v");
    const screen = await session.sees(/EXIT/);
    assert.match(screen, /^apache-1\.1: [\d.]+ million events in .* a minute\nEXIT 0\n/);
  });
});
