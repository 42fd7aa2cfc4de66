import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { DEADLINE_MS } from "./deadline.ts";

// A real terminal for tests: a detached tmux with a server of its own, whose screen can be read.

const TMUX_TIMEOUT_MS = 10_000;
/** A look starts a process, so that more of them would slow down what is looked at. */
const LOOK_MS = 50;
let startedCount = 0;

/** Why there is no terminal here, or `null`. */
export const TERMINAL_NOTE: string | null =
  spawnSync("tmux", ["-V"]).status === 0 ? null : "needs tmux, which is not installed";

export interface TerminalState {
  readonly isAlternate: boolean;
  readonly isCursorShown: boolean;
}

export class TerminalSession {
  readonly #name = `finwait-test-${process.pid}-${++startedCount}`;

  /** Runs a line of shell in a terminal of 80x24, in a UTF-8 locale and with `environment`. */
  constructor(line: string, environment: Readonly<Record<string, string>> = {}) {
    const variables = Object.entries({ LC_ALL: "C.UTF-8", ...environment });
    const options = variables.flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const size = ["-x", "80", "-y", "24"];
    this.#tmux("-f", "/dev/null", "-u", "new-session", "-d", ...size, ...options, line);
  }

  /** The lines without the spaces at their ends; `"styled"`: with their escape sequences. */
  screen(look: "text" | "styled" = "text"): string {
    return this.#tmux("capture-pane", "-p", ...(look === "styled" ? ["-e"] : []));
  }

  /** Resolves with the screen once it matches. */
  async sees(pattern: RegExp): Promise<string> {
    const deadlineAtMs = performance.now() + DEADLINE_MS;
    for (;;) {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      if (performance.now() > deadlineAtMs) {
        throw new Error(`Waited ${DEADLINE_MS} ms in vain for ${pattern}.\n${screen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Sends a signal to the program that the shell in the terminal waits for. */
  signal(signal: NodeJS.Signals): void {
    const shell = this.#tmux("display-message", "-p", "#{pane_pid}").trim();
    const children = readFileSync(`/proc/${shell}/task/${shell}/children`, "latin1").trim();
    process.kill(Number(children.split(" ")[0]), signal);
  }

  /** Keys as tmux names them. */
  press(...keys: readonly string[]): void {
    this.#tmux("send-keys", ...keys);
  }

  resize(width: number, height: number): void {
    this.#tmux("resize-window", "-x", `${width}`, "-y", `${height}`);
  }

  get state(): TerminalState {
    const flags = this.#tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}");
    const [alternate, cursor] = flags.trim().split(" ");
    return { isAlternate: alternate === "1", isCursorShown: cursor === "1" };
  }

  end(): void {
    this.#tmux("kill-server");
  }

  #tmux(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync("tmux", ["-L", this.#name, ...args], {
      encoding: "utf8",
      timeout: TMUX_TIMEOUT_MS,
    });
    if (status !== 0) throw new Error(`tmux ${args.join(" ")} fails: ${stderr}`);
    return stdout;
  }
}
