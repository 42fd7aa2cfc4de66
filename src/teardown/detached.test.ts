import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "vitest";
import { detached } from "./detached.ts";

// Goal: what a callback throws neither reaches its caller nor is lost. How: a call that returns;
// and a process of its own, because an uncaught exception is what has to be seen.

const MODULE = join(import.meta.dirname, "detached.ts");

describe("detached", () => {
  it("a callback that returns: is called with the value", () => {
    const heard: number[] = [];
    detached<number>((value) => heard.push(value))(5);
    assert.deepEqual(heard, [5]);
  });

  it("a callback that throws: the caller goes on, the process hears of it", async () => {
    const code = `
      const { detached } = await import(${JSON.stringify(MODULE)});
      process.on("uncaughtException", (error) => console.log("uncaught", error.message));
      detached(() => { throw new Error("mine"); })(1);
      console.log("goes on");`;
    const args = ["--import", "tsx", "--input-type=module", "--eval", code];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.equal(stdout, "goes on\nuncaught mine\n");
  });
});
