import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { request as requestTls } from "node:https";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { pause, withDeadline } from "../../bench/deadline.ts";
import {
  COMPARE_PATH,
  type Invocation,
  type Listener,
  type Place,
  type ServerRecipe,
} from "./servers.ts";

// The processes of one server. Each is the leader of a process group, so that its workers end with
// it, also when the comparison fails or is interrupted.

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const POLL_INTERVAL_MS = 100;
const OUTPUT_LIMIT_CHARACTERS = 4_096;

const running = new Set<ServerProcess>();
process.once("exit", () => {
  for (const each of running) each.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

class ServerProcess {
  readonly #child: ChildProcess;
  #output = "";

  constructor({ command, argv, env }: Invocation, scratchPath: string) {
    this.#child = spawn(command, argv, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      // What it keeps for itself between runs goes into its own folder.
      env: {
        ...process.env,
        XDG_CONFIG_HOME: scratchPath,
        XDG_DATA_HOME: scratchPath,
        XDG_CACHE_HOME: scratchPath,
        ...env,
      },
    });
    running.add(this);
    // A command that does not exist: `hasEnded` says so.
    this.#child.once("error", (error) => this.#keep(error.message));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#keep(text));
    }
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#output.trim() || "it printed nothing";
  }

  get hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  /** Signals the whole group, whose leader may be gone. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // Nobody is left of the group.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  async stop(): Promise<void> {
    if (!this.hasEnded) {
      const ended = once(this.#child, "exit");
      this.kill("SIGTERM");
      const insist = setTimeout(() => this.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(insist);
    }
    this.kill("SIGKILL");
    running.delete(this);
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-OUTPUT_LIMIT_CHARACTERS);
  }
}

export interface RunningServer {
  readonly place: Place;
  /** What it said when it ended by itself; null: it runs. */
  readonly failure: string | null;
  stop(): Promise<void>;
}

/** The certificate, and the site that all servers share. */
export type SharedPlace = Pick<Place, "sitePath" | "certPath" | "keyPath" | "certAndKeyPath">;

/**
 * Resolves once all listeners answer.
 *
 * @throws {Error} It ended, or did not answer in time, with what it printed.
 */
export async function startServer(
  recipe: ServerRecipe,
  command: string,
  shared: SharedPlace,
  scratchPath: string,
): Promise<RunningServer> {
  const [port, tlsPort, originPort] = await findFreePorts();
  const place: Place = { ...shared, scratchPath, port, tlsPort, originPort };
  for (const file of recipe.files) await copyConfiguration(file, place);
  const processes = recipe
    .invocations(place, command)
    .map((each) => new ServerProcess(each, scratchPath));
  const failure = (): string | null => processes.find((each) => each.hasEnded)?.output ?? null;
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((each) => each.stop()));
  };
  const whenAnswering = async (listener: Listener): Promise<void> => {
    while (failure() === null && !(await doesAnswer(place, listener))) {
      await pause(POLL_INTERVAL_MS);
    }
  };
  try {
    const answering = Promise.all(recipe.listeners.map(whenAnswering));
    await withDeadline(answering, START_TIMEOUT_MS, `Waiting for ${recipe.name} to answer`);
    const output = failure();
    if (output !== null) throw new Error(`It ended: ${output}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    place,
    get failure() {
      return failure();
    },
    stop,
  };
}

/** Of configurations, a copy with `@PORT@` and the other marks replaced. Apps need none. */
async function copyConfiguration(file: string, place: Place): Promise<void> {
  if (!file.startsWith("configs/")) return;
  const marks: Readonly<Record<string, string>> = {
    PORT: `${place.port}`,
    TLS_PORT: `${place.tlsPort}`,
    ORIGIN_PORT: `${place.originPort}`,
    SITE: place.sitePath,
    SCRATCH: place.scratchPath,
    CERT: place.certPath,
    KEY: place.keyPath,
    CERT_AND_KEY: place.certAndKeyPath,
  };
  const text = await readFile(join(COMPARE_PATH, file), "utf8");
  const filled = text.replaceAll(/@([A-Z_]+)@/g, (mark, name: string) => marks[name] ?? mark);
  await writeFile(join(place.scratchPath, basename(file)), filled);
}

/** Most servers cannot be given port 0. A port that is taken in between stops the server. */
async function findFreePorts(): Promise<readonly [number, number, number]> {
  const servers = [0, 1, 2].map(() => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const [port, tlsPort, originPort] = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return [port ?? 0, tlsPort ?? 0, originPort ?? 0];
}

function doesAnswer(place: Place, listener: Listener): Promise<boolean> {
  const port = { plain: place.port, tls: place.tlsPort, origin: place.originPort }[listener];
  const options = { host: "127.0.0.1", port, agent: false as const };
  return new Promise((resolve) => {
    const finish = (isAnswer: boolean): void => {
      asking.destroy();
      resolve(isAnswer);
    };
    const asking =
      listener === "tls"
        ? requestTls({ ...options, servername: "localhost", rejectUnauthorized: false })
        : request(options);
    asking.setHeader("host", `localhost:${port}`);
    asking.setTimeout(1_000, () => finish(false));
    asking.once("response", ({ statusCode }) => finish(statusCode === 200));
    // Not listening yet; the deadline of the caller bounds how often that is believed.
    asking.on("error", () => finish(false));
    asking.end();
  });
}
