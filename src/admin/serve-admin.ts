import { KERNEL_SOCKET_STATES, type SocketStates } from "../observe/port-states.ts";
import { serveUnpublished } from "../server/serve.ts";
import type { FinwaitServer } from "../server/serve-options.ts";
import { loadAssets } from "./admin-assets.ts";
import { adminHandler } from "./admin-handler.ts";
import type { ObservedServer } from "./observed-server.ts";
import type { SettingOrigins } from "./settings-in-force.ts";
import { StatusWatch } from "./status.ts";

// The admin listener: a small server of its own, which shows how another one is doing. It stays up
// while that one shuts down, and ends with it.

/** What `serveAdmin` takes. */
export interface AdminOptions {
  /** TCP port; 0 lets the system choose. @default 0 */
  readonly port?: number;
  /** Whoever reaches this address sees who is connected to the server. @default "127.0.0.1" */
  readonly host?: string;
  /**
   * Names that a Host field may have besides `localhost` and the address that was reached, without
   * a port; for example the name by which Prometheus scrapes.
   */
  readonly allowedHosts?: readonly string[];
  /** Who gave the settings, by their names in finwait.config.json. Asked for each look. */
  readonly origins?: () => SettingOrigins;
  /** Who says what sockets the port has. @default The kernel's table */
  readonly socketStates?: SocketStates;
}

/** A listening admin listener. */
export interface AdminListener extends AsyncDisposable {
  /** For example `"http://127.0.0.1:40714/"`. */
  readonly url: string;
  readonly address: string;
  readonly port: number;
  /** Releases it, before or after the observed server has ended. */
  close(): Promise<void>;
}

/** Few ask, and briefly. */
const LIMITS = {
  connectionLimit: 64,
  bodyLimitBytes: 0,
  requestLineLimitBytes: 2_048,
  headLimitBytes: 16_384,
  headerTimeoutMs: 5_000,
} as const;

/**
 * Serves the status page and the metrics of `server`. Counters begin with the endings that the
 * server still remembers, so call it right behind `serve`.
 *
 * @throws {FinwaitError} `FINWAIT_LISTEN_FAILED`, as `serve`.
 * @throws {RangeError} A name of `allowedHosts` has a port, or upper case.
 */
export async function serveAdmin(
  server: ObservedServer,
  options: AdminOptions = {},
): Promise<AdminListener> {
  const { port = 0, host = "127.0.0.1", allowedHosts = [] } = options;
  for (const name of allowedHosts) checkHostName(name);
  const watch = new StatusWatch(server, {
    socketStates: options.socketStates ?? KERNEL_SOCKET_STATES,
    origins: options.origins ?? (() => new Map()),
  });
  try {
    const handler = adminHandler({ watch, assets: loadAssets(), allowedHosts });
    const listener = await serveUnpublished({
      handler,
      host,
      port,
      backlog: 64,
      limits: LIMITS,
      learnedClients: { mode: "off" },
    });
    const admin = new RunningAdmin(listener, watch);
    // Its end waits for nobody, so that it does not keep a process that has ended its server.
    server.closed.then(() => admin.close());
    return admin;
  } catch (error) {
    watch.stop();
    throw error;
  }
}

/** @throws {RangeError} It could never be equal to the host of a request. */
function checkHostName(name: string): void {
  if (name !== "" && name === name.toLowerCase() && !/[[\]/]|^[^:]*:\d*$/.test(name)) return;
  const got = JSON.stringify(name);
  throw new RangeError(`Cannot use ${got} in allowedHosts: expected a lower-case name, no port`);
}

class RunningAdmin implements AdminListener {
  readonly #listener: FinwaitServer;
  readonly #watch: StatusWatch;

  constructor(listener: FinwaitServer, watch: StatusWatch) {
    this.#listener = listener;
    this.#watch = watch;
  }

  get url(): string {
    return this.#listener.url;
  }
  get address(): string {
    return this.#listener.address;
  }
  get port(): number {
    return this.#listener.port;
  }

  async close(): Promise<void> {
    this.#watch.stop();
    await this.#listener.shutdown({ announceMs: 0, deadlineMs: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
