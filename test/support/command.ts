import { spawn, spawnSync } from "node:child_process";
import { within } from "./deadline.ts";

// Runs programs of the system for tests: real clients that may or may not be installed.

const COMMAND_DEADLINE_MS = 15_000;

export interface CommandResult {
  readonly status: number | null;
  readonly output: string;
  readonly complaints: string;
}

/** Why `program` cannot be run here, or `null`. */
export function missingNote(program: string, asking = "--version"): string | null {
  const { error, status } = spawnSync(program, [asking], { timeout: 10_000 });
  return error === undefined && status === 0 ? null : `needs ${program}, which is not installed`;
}

/** Runs `program` to its end, without a shell; it is ended if that takes too long. */
export async function runCommand(
  program: string,
  args: readonly string[],
  input = "",
  deadlineMs: number = COMMAND_DEADLINE_MS,
): Promise<CommandResult> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  // A program that ends without reading its input is told so by its status.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    const describe = (): string => output + complaints;
    const status = await within(exit, `${program} to end`, describe, deadlineMs);
    return { status, output, complaints };
  } finally {
    child.kill("SIGKILL");
  }
}
