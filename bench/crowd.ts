// A crowd of client connections that are opened, make one request each, and then only exist.
// They live in a process of their own, so that the benchmark's process stays small and responsive.

import { withDeadline } from "./deadline.ts";
import { forkModule, type StartedProcess } from "./processes.ts";

/**
 * "idle": one GET, answered, on a persistent connection.
 * "lingering": one POST that declares a large body and sends the start of it; the server refuses it
 * and half-closes or reads on, and the client neither sends nor closes.
 */
export type CrowdKind = "idle" | "lingering";

export type CrowdCommand =
  | {
      readonly type: "open";
      readonly kind: CrowdKind;
      readonly port: number;
      readonly connectionCount: number;
    }
  | { readonly type: "count" };

export type CrowdReport =
  | { readonly type: "opened" }
  | { readonly type: "failed"; readonly message: string }
  | ({ readonly type: "counted" } & CrowdCount);

export interface CrowdCount {
  readonly openCount: number;
  /** Connections on which the server's FIN arrived; it leaves them open in our direction. */
  readonly finCount: number;
  readonly status: number;
}

const OPEN_TIMEOUT_MS = 60_000;
const COUNT_TIMEOUT_MS = 5_000;

export class Crowd {
  readonly #process: StartedProcess;

  private constructor(started: StartedProcess) {
    this.#process = started;
  }

  /** Resolves when every connection has received its whole response. */
  static async open(kind: CrowdKind, port: number, connectionCount: number): Promise<Crowd> {
    const crowd = new Crowd(forkModule("./crowd-process.ts", []));
    try {
      await crowd.#ask({ type: "open", kind, port, connectionCount }, OPEN_TIMEOUT_MS);
    } catch (cause) {
      await crowd.close();
      throw cause;
    }
    return crowd;
  }

  async count(): Promise<CrowdCount> {
    const report = await this.#ask({ type: "count" }, COUNT_TIMEOUT_MS);
    if (report.type !== "counted") throw new Error(`Cannot count the crowd: got "${report.type}"`);
    return report;
  }

  /** Ends the process, and with it every connection. */
  close(): Promise<void> {
    return this.#process.stop();
  }

  async #ask(command: CrowdCommand, timeoutMs: number): Promise<CrowdReport> {
    const { child } = this.#process;
    const answered = new Promise<CrowdReport>((resolve, reject) => {
      const handleExit = () => reject(new Error("The crowd's process ended"));
      child.once("exit", handleExit);
      child.once("message", (report: CrowdReport) => {
        child.off("exit", handleExit);
        if (report.type === "failed") reject(new Error(report.message));
        else resolve(report);
      });
    });
    child.send(command);
    return withDeadline(answered, timeoutMs, `The crowd's answer to "${command.type}"`);
  }
}
