// The processes a benchmark starts: each is ended by its own handle, also when the benchmark fails
// or is interrupted, and what it printed is kept for the message when it does not start.

import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { withDeadline } from "./deadline.ts";

const STOP_TIMEOUT_MS = 5_000;
const OUTPUT_LIMIT_CHARACTERS = 8_192;

const running = new Set<ChildProcess>();

process.once("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

/** A started process and the beginning of what it has printed on stdout and stderr. */
export class StartedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  #output = "";

  constructor(child: ChildProcess) {
    if (child.pid === undefined) throw new Error(`Cannot start ${child.spawnfile}`);
    this.child = child;
    this.pid = child.pid;
    running.add(child);
    child.once("exit", () => running.delete(child));
    const keep = (text: string) => {
      this.#output = (this.#output + text).slice(0, OUTPUT_LIMIT_CHARACTERS);
    };
    child.stdout?.setEncoding("utf8").on("data", keep);
    child.stderr?.setEncoding("utf8").on("data", keep);
  }

  get output(): string {
    return this.#output;
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until the output matches. Rejects when the process exits before, or is too slow. */
  waitForOutput(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    const matched = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.#output);
        if (match !== null) resolve(match);
      };
      this.child.stdout?.on("data", look);
      this.child.stderr?.on("data", look);
      this.child.once("close", (code, signal) => {
        reject(new Error(`it ended with ${code ?? signal}: ${this.#output.trim() || "no output"}`));
      });
      look();
    });
    return withDeadline(matched, timeoutMs, `Waiting for ${pattern}`);
  }

  /** Asks the process to end, and insists when it has not ended after five seconds. */
  async stop(): Promise<void> {
    if (this.hasExited) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const insist = setTimeout(() => this.child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(insist);
  }
}

export async function startProcess(
  command: string,
  argv: readonly string[],
): Promise<StartedProcess> {
  const child = spawn(command, argv, { stdio: ["ignore", "pipe", "pipe"] });
  // Rejects with the "error" event of a command that does not exist.
  await once(child, "spawn");
  return new StartedProcess(child);
}

/** Starts a module of this folder with an IPC channel, under the flags this process runs with. */
export function forkModule(fileName: string, argv: readonly string[]): StartedProcess {
  const modulePath = new URL(fileName, import.meta.url);
  return new StartedProcess(
    fork(modulePath, argv, { stdio: ["ignore", "inherit", "inherit", "ipc"] }),
  );
}

/** Runs a command to its end and returns what it printed; undefined when it does not exist. */
export async function readCommand(
  command: string,
  argv: readonly string[],
  timeoutMs = 5_000,
): Promise<string | undefined> {
  let started: StartedProcess;
  try {
    started = await startProcess(command, argv);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    await withDeadline(once(started.child, "close"), timeoutMs, `"${command} ${argv.join(" ")}"`);
    return started.output;
  } finally {
    await started.stop();
  }
}
