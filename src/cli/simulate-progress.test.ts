import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { SimulationProgress } from "./simulate-progress.ts";
import type { TerminalLineOutput } from "./terminal-line.ts";

// Goal: a bar where there is a terminal, and nothing of it left behind. How: a stream that keeps
// what is written, and a clock that is set by hand.

const CLEAR = "\r\x1b[K";

class FakeOutput implements TerminalLineOutput {
  readonly written: string[] = [];
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(isTTY: boolean, columns = 80) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string): void {
    this.written.push(text);
  }
}

interface Scene {
  readonly output: FakeOutput;
  readonly progress: SimulationProgress;
  readonly at: (seconds: number) => void;
}

function scene(output = new FakeOutput(true)): Scene {
  let nowMs = 5_000;
  const progress = new SimulationProgress("test", output, () => nowMs);
  return { output, progress, at: (seconds) => (nowMs = 5_000 + seconds * 1_000) };
}

describe("SimulationProgress", () => {
  it("a terminal: how far, how fast, how long still", () => {
    const { output, progress, at } = scene();
    at(10);
    progress.show(0.25, 5_000_000);
    const bar = "#######".padEnd(29, "-").replace(/^/, "#");
    assert.deepEqual(output.written, [`${CLEAR}[${bar}]  25 %  30.0 M events/min  30 s left`]);
  });

  it("the first second: nothing; then five times a second", () => {
    const { output, progress, at } = scene();
    const counts = [0.9, 1, 1.1, 1.19, 1.2].map((seconds) => {
      at(seconds);
      progress.show(0.1, 1_000);
      return output.written.length;
    });
    assert.deepEqual(counts, [0, 1, 1, 1, 2]);
  });

  it("the end: the bar is taken away, and the rate is told", () => {
    const { output, progress, at } = scene();
    at(60);
    progress.show(0.9, 12_000_000);
    progress.end(12_340_000);
    assert.deepEqual(output.written.slice(1), [
      CLEAR,
      "test: 12.3 million events in 1 min, 12.3 million a minute\n",
    ]);
  });

  it("no terminal: no bar, and no escape sequence", () => {
    const { output, progress, at } = scene(new FakeOutput(false));
    at(30);
    progress.show(0.5, 1_000_000);
    progress.clear();
    progress.end(2_000_000);
    const [line] = output.written;
    assert.equal(output.written.length, 1);
    assert.match(line ?? "", /^test: 2\.0 million events in 30 s, [\d.]+ million a minute\n$/);
  });

  it("a narrow terminal: the bar does not break into a second line", () => {
    const { output, progress, at } = scene(new FakeOutput(true, 40));
    at(30);
    progress.show(0.5, 1_000_000);
    assert.equal(output.written[0]?.length, CLEAR.length + 39);
  });

  it("cleared before there is a bar, or twice: nothing is written", () => {
    const { output, progress, at } = scene();
    progress.clear();
    at(2);
    progress.show(0.1, 1_000);
    progress.clear();
    progress.clear();
    assert.equal(output.written.length, 2);
  });
});
