import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

// Runs the built command line as a process of its own, and watches what it says.

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;

export interface Run {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  output: string;
  errors: string;
  /** Resolves with the match once standard output and error together contain `pattern`. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
}

const runs: Run[] = [];

/** Starts the built command. */
export function finwait(...args: string[]): Run {
  return finwaitIn(process.cwd(), ...args);
}

/** Starts it in the folder `cwd`. */
export function finwaitIn(cwd: string, ...args: string[]): Run {
  return watched(spawn(process.execPath, [MAIN, ...args], { cwd }));
}

/** Starts Node with `args`, and with more in its environment. */
export function nodeProgram(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Run {
  return watched(spawn(process.execPath, args, { env: { ...process.env, ...environment } }));
}

function watched(child: ChildProcessWithoutNullStreams): Run {
  const watchers: (() => void)[] = [];
  const run: Run = {
    child,
    output: "",
    errors: "",
    exit: new Promise((resolve) => child.on("close", resolve)),
    saw: (pattern) =>
      new Promise((resolve, reject) => {
        const deadline = setTimeout(() => {
          reject(new Error(`no ${pattern} in:\n${run.output}\n${run.errors}`));
        }, 10_000);
        const look = () => {
          const match = pattern.exec(`${run.output}\n${run.errors}`);
          if (match === null) return;
          clearTimeout(deadline);
          resolve(match);
        };
        watchers.push(look);
        look();
      }),
  };
  child.stdout.on("data", (text) => {
    run.output += text;
    for (const look of watchers) look();
  });
  child.stderr.on("data", (text) => {
    run.errors += text;
    for (const look of watchers) look();
  });
  runs.push(run);
  return run;
}

/** Ends what `finwait` started. */
export async function endRuns(): Promise<void> {
  for (const { child, exit } of runs.splice(0)) {
    child.kill("SIGKILL");
    await exit;
  }
}
