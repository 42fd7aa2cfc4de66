import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { within } from "./deadline.ts";

// Runs a program of examples/ as a process of its own, from its TypeScript, as the docs say.

const ROOT = join(import.meta.dirname, "../..");
/** The compiler and two frameworks may have to be loaded by a machine that does other things. */
const START_DEADLINE_MS = 30_000;
const END_DEADLINE_MS = 15_000;

export interface ExampleProgramOptions {
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export class ExampleProgram {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | NodeJS.Signals | null>;
  readonly #said: () => string;

  /** Resolves when it has said where it listens. `name` is its folder. */
  static async start(name: string, options: ExampleProgramOptions = {}): Promise<ExampleProgram> {
    const tsconfig = join("examples", name, "tsconfig.json");
    const child = spawn(process.execPath, ["--import", "tsx", `examples/${name}/server.ts`], {
      cwd: ROOT,
      // Not this process's environment, which tells libraries that they are being tested.
      env: {
        ...options.env,
        PATH: process.env.PATH,
        PORT: "0",
        NODE_ENV: "production",
        ...(existsSync(join(ROOT, tsconfig)) ? { TSX_TSCONFIG_PATH: tsconfig } : {}),
      },
    });
    const exit = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status, signal) => resolve(status ?? signal));
    });
    let said = "";
    const listening = new Promise<number>((resolve) => {
      const hear = (text: string): void => {
        said += text;
        const match = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(said);
        if (match !== null) resolve(Number(match[1]));
      };
      child.stdout.setEncoding("utf8").on("data", hear);
      child.stderr.setEncoding("utf8").on("data", hear);
    });
    const ended = exit.then((status): never => {
      throw new Error(`Cannot use examples/${name}: it ended with ${status}\n${said}`);
    });
    // It also ends when it is told to, and then nobody asks.
    ended.catch(() => {});
    try {
      const begun = Promise.race([listening, ended]);
      const port = await within(begun, `examples/${name}`, () => said, START_DEADLINE_MS);
      return new ExampleProgram(port, child, exit, () => said);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  private constructor(
    port: number,
    child: ChildProcess,
    exit: Promise<number | NodeJS.Signals | null>,
    said: () => string,
  ) {
    this.port = port;
    this.#child = child;
    this.#exit = exit;
    this.#said = said;
  }

  /** Both standard output and standard error. */
  get said(): string {
    return this.#said();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Its exit code, or the signal that ended it. */
  waitForExit(): Promise<number | NodeJS.Signals | null> {
    return within(this.#exit, "the end of the process", this.#said, END_DEADLINE_MS);
  }

  /** Whatever it is doing. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.waitForExit();
  }
}
