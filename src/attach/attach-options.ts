import type { ServerResponse } from "node:http";
import type { ClientRule } from "../closing/client-rules.ts";
import type { LearnedClient } from "../closing/learned-clients.ts";
import type { LearnedClientsOptions } from "../closing/learned-clients-options.ts";
import type { LingerBudgetCounts } from "../closing/linger-budget.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { CloseOverrides } from "../closing/policy-parser.ts";
import type { Ending } from "../tcp/ending.ts";
import type {
  ConnectionPhaseCounts,
  ConnectionQuery,
  ConnectionSnapshot,
} from "../teardown/connection-snapshot.ts";
import type { SocketOptionsAnswer } from "../teardown/endable-server.ts";
import type { ServerNotice } from "../teardown/notice.ts";
import type { PressureLevel } from "../teardown/pressure.ts";
import type { ShutdownOptions, ShutdownReport } from "../teardown/shutdown.ts";
import type { TallyCounts } from "../teardown/tally.ts";
import type { ServerPhase } from "../teardown/teardown-context.ts";

// What `attach` takes besides the close policy, and what it gives. Types only.

/** What can also be changed while the server runs, by `reconfigure`. */
export interface AttachSettings {
  /**
   * `"off"`: every response says `Connection: close`. Precedent: Apache httpd `KeepAlive`.
   *
   * @default "on"
   */
  readonly persistence?: "on" | "off";
  /** Rules of your own for clients that break connections. The first rule that matches decides. */
  readonly clientRules?: readonly ClientRule[];
  /** `"off"`: your own rules only. @default "on" */
  readonly shippedClientRules?: "on" | "off";
  /** How the server learns which clients do not answer its FIN, and whether it acts on that. */
  readonly learnedClients?: Partial<LearnedClientsOptions>;
  /**
   * Longest time without progress in sending the last response of a connection, in milliseconds.
   *
   * Precedents: nginx `send_timeout` 60 000; Apache httpd `Timeout` 60 000.
   *
   * @default 60_000
   */
  readonly sendTimeoutMs?: number;
}

export interface AttachOptions extends AttachSettings {
  /**
   * What `req.destroy()`, `res.destroy()` and `socket.destroy()` mean once the response has been
   * given whole, as in `res.end("too large"); req.destroy()`. `"deliver"`: the response arrives,
   * and the connection ends behind it, within the bounds of the policy. `"destroy"`: as in Node.
   * Without a response given whole they are Node's in any case, and so is
   * `server.closeAllConnections()`.
   *
   * @default "deliver"
   */
  readonly onDestroyedResponse?: "deliver" | "destroy";
  /**
   * What becomes of a client that sends FIN while its response is due. `"answer"`: it gets the
   * response, as RFC 9293 §3.6.1 allows it to expect. A client that has gone altogether sends the
   * same FIN; that shows with the next write, or by TCP keep-alive after a quarter of a minute of
   * silence, so `close` of such a response comes later than with Node alone. `"end"`: what Node
   * does, for servers whose handlers wait for `close` to stop.
   *
   * @default "answer"
   */
  readonly onHalfClose?: "answer" | "end";
  /**
   * `"off"`: as if the runtime had no way to socket options. Deadlines are kept by this process
   * then, and evidence is inferred or unknown.
   *
   * @default "auto"
   */
  readonly socketOptions?: "auto" | "off";
  /** Hears what an operator should know: options that are absent. */
  readonly onNotice?: (notice: ServerNotice) => void;
}

/** An http or https server whose connections end by a close policy. */
export interface AttachedServer extends AsyncDisposable {
  /** For example `"http://127.0.0.1:40713/"`; empty while it does not listen on a TCP port. */
  readonly url: string;
  /** 0 while it does not listen on a TCP port. */
  readonly port: number;
  /** A readiness probe is for `"serving"` only. */
  readonly phase: ServerPhase;
  /** Always `"none"`: how many connections there may be is the server's own affair. */
  readonly pressure: PressureLevel;
  /** Sockets accepted since `attach` that are open now, lingering ones included. */
  readonly connectionCount: number;
  /** What they are doing, counted when asked: together they are `connectionCount`. */
  readonly connectionPhases: ConnectionPhaseCounts;
  /** What the server has done since `attach`. */
  readonly counts: TallyCounts;
  /** Lingering connections, and what the budget did about them. */
  readonly lingering: LingerBudgetCounts;
  /** How the kernel is asked and told about sockets, or why it cannot be. */
  readonly socketOptions: SocketOptionsAnswer;
  readonly settings: {
    readonly limits: { readonly connectionLimit: number; readonly sendTimeoutMs: number };
    readonly close: ClosePolicy;
    readonly persistence: "on" | "off";
    readonly learnedClients: LearnedClientsOptions;
  };
  /** The rules in force, in the order in which they are tried. */
  readonly clientRules: readonly ClientRule[];
  /** What was learned of clients, worst first. */
  readonly learnedClients: readonly LearnedClient[];
  /** The learned clients that are judged broken, as rules that can be kept. */
  readonly learnedRules: readonly ClientRule[];
  /** The latest endings, oldest first. */
  readonly recentEndings: readonly Ending[];
  /** Resolves when it is known whether socket options can be reached. Nobody has to wait. */
  readonly ready: Promise<void>;
  /** Resolves when a shutdown has ended, however it went. */
  readonly closed: Promise<void>;
  /**
   * Some of the connections as they are now, oldest first: by our FIN where it is out, by the
   * accept otherwise.
   *
   * @throws {RangeError} `limit` is no count.
   */
  connections(query?: ConnectionQuery): readonly ConnectionSnapshot[];
  /** Calls `listener` for each connection that ends. Returns a function that stops it. */
  onEnding(listener: (ending: Ending) => void): () => void;
  /**
   * Another close policy for the end of this response's connection, if it ends with this response.
   *
   * @throws {TypeError} `overrides` is no object.
   * @throws {RangeError} A field is unknown, out of range, contradicts another one, or belongs to
   * the server as a whole.
   * @throws {FinwaitError} `FINWAIT_SO_LINGER_UNAVAILABLE`
   */
  adjustClose(response: ServerResponse, overrides: CloseOverrides): void;
  /** Sends RST on this response's connection, whatever is under way. */
  resetConnection(response: ServerResponse): void;
  /**
   * Replaces what is given, completely: fields of the policy and of `learnedClients` that are left
   * out have their defaults. What is not given stays. Connections follow with their next request or
   * timer.
   *
   * @throws {TypeError} As `attach`; nothing has changed then.
   * @throws {RangeError} As `attach`; nothing has changed then.
   * @throws {FinwaitError} `FINWAIT_SO_LINGER_UNAVAILABLE`; nothing has changed then.
   */
  reconfigure(policy?: Partial<ClosePolicy>, settings?: AttachSettings): void;
  /**
   * Announces the end with `Connection: close` while the server still accepts, then closes the
   * server, lets responses in flight finish, ends idle connections by FIN and a short linger.
   * Resolves when every socket is gone. Further calls wait for the same end, whatever they ask for.
   * The server is detached then: to listen again as before, attach to it again.
   *
   * Rejects with a RangeError if a time is out of range; nothing has begun then.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
  /**
   * Leaves the server and its connections as they were before `attach`. Connections whose end has
   * begun are ended as that was begun, and leave their records.
   */
  detach(): void;
}
