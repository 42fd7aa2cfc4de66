// Load in short turns from one process that lives for many of them, so that subjects alternate
// several times a second, which no generator that is started anew can do.

import { withDeadline } from "./deadline.ts";
import type { LoadReport, LoadResult } from "./load.ts";
import { forkModule, type StartedProcess } from "./processes.ts";

/**
 * "persistent": connections that are opened in the first turn with a port and stay open.
 * "one-shot": a new connection for each request, which says `Connection: close`; the client reads
 * to the server's FIN and then closes. wrk closes as soon as the response is whole, and so mostly
 * before the server: that is another ending than the one in question.
 */
export type TurnKind = "persistent" | "one-shot";

export interface TurnCommand {
  readonly kind: TurnKind;
  readonly port: number;
  readonly connectionCount: number;
  readonly durationMs: number;
}

/** How much longer than asked a turn may take before it counts as hung. */
const GRACE_MS = 10_000;

export class TurnLoad {
  readonly #process: StartedProcess = forkModule("./turn-load-process.ts", []);

  /** One request at a time on each connection; every request that was sent has been answered. */
  async run(command: TurnCommand): Promise<LoadResult> {
    const { child } = this.#process;
    const answered = new Promise<LoadReport>((resolve, reject) => {
      const handleExit = () => reject(new Error("The load's process ended"));
      child.once("exit", handleExit);
      child.once("message", (report: LoadReport) => {
        child.off("exit", handleExit);
        resolve(report);
      });
    });
    child.send(command);
    return withDeadline(answered, command.durationMs + GRACE_MS, "A turn of the load");
  }

  close(): Promise<void> {
    return this.#process.stop();
  }
}
