import { FinwaitError } from "../base/error.ts";
import { ClientBook } from "../closing/client-book.ts";
import { parseClientRules } from "../closing/client-rules.ts";
import { LearnedClients } from "../closing/learned-clients.ts";
import { parseLearnedClientsOptions } from "../closing/learned-clients-options.ts";
import { fetchHandler } from "../handlers/fetch-handler.ts";
import { detached } from "../teardown/detached.ts";
import { type EndingMessage, publishEnding } from "../teardown/ending-channel.ts";
import { EndingLog } from "../teardown/ending-log.ts";
import { parseSocketOptions, ruleOptionsOf, rulesOf } from "../teardown/rule-options.ts";
import { NodeClock } from "../transport/node-clock.ts";
import { loadSocketOptions, type SocketOptionsState } from "../transport/socket-options.ts";
import { systemOrphanMs } from "../transport/system-limits.ts";
import type { Handler } from "./exchange.ts";
import { Listener } from "./listener.ts";
import { parseSettings, RunningServer } from "./running-server.ts";
import type { FinwaitServer, ServeOptions } from "./serve-options.ts";
import { ServerContext } from "./server-context.ts";

// The public entry: options in, a listening server out.

/**
 * Starts a server. Resolves when it accepts connections.
 *
 * @throws {TypeError} Neither or both of `fetch` and `handler` are given, or an option is not of
 * the kind that is wanted.
 * @throws {RangeError} A limit, or a value of the close policy, is out of range.
 * @throws {FinwaitError} `FINWAIT_LISTEN_FAILED`, with the system's error as `cause`: the port is
 * taken, the address is not ours, or the certificate and key cannot be used.
 * `FINWAIT_SO_LINGER_UNAVAILABLE`: mode `"so-linger"` without access to socket options.
 */
export function serve(options: ServeOptions): Promise<FinwaitServer> {
  return start(options, publishEnding);
}

/**
 * As `serve`, for a listener that watches another server: what becomes of its own connections is
 * not published.
 */
export function serveUnpublished(options: ServeOptions): Promise<FinwaitServer> {
  return start(options, () => {});
}

async function start(options: ServeOptions, publish: typeof publishEnding): Promise<FinwaitServer> {
  const endings = new EndingLog();
  const onError = detached(options.onError ?? warnOfError);
  const handler = handlerOf(options, onError);
  const settings = parseSettings(options);
  const clients = new ClientBook(
    parseClientRules(rulesOf(ruleOptionsOf(options))),
    new LearnedClients(parseLearnedClientsOptions(options.learnedClients)),
  );
  const socketOptions = await loadSocketOptions(parseSocketOptions(options.socketOptions));
  // Connections end in later turns of the event loop than the one that knows where it listens.
  let place: EndingMessage["server"] = { address: "", port: 0 };
  const handleNotice = detached(options.onNotice ?? (() => {}));
  const context = new ServerContext({
    ...settings,
    handler,
    clients,
    clock: new NodeClock(),
    observer: {
      handleEnding: (ending) => {
        endings.add(ending);
        publish(ending, place);
      },
      handleExchange: options.onExchange === undefined ? null : detached(options.onExchange),
      handleHandlerError: onError,
      handleNotice,
    },
    terms: {
      canSetDeadlines: socketOptions.type === "available",
      orphanMs: systemOrphanMs(),
    },
  });
  const server = await listen(options, context, endings, socketOptions);
  place = { address: server.address, port: server.port };
  if (socketOptions.type === "absent") {
    handleNotice({ type: "socket-options-absent", reason: socketOptions.reason });
  }
  return server;
}

async function listen(
  options: ServeOptions,
  context: ServerContext,
  endings: EndingLog,
  socketOptions: SocketOptionsState,
): Promise<FinwaitServer> {
  const { host = "127.0.0.1", port = 8_080, backlog = 511, tls = null } = options;
  try {
    const access = socketOptions.type === "available" ? socketOptions.options : null;
    const listener = new Listener(context, tls, access);
    const bound = await listener.listen({ host, port, backlog });
    const place = { ...bound, isTls: tls !== null };
    const rules = ruleOptionsOf(options);
    return new RunningServer(context, listener, endings, socketOptions, rules, place);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    const message = `Cannot listen on ${host} port ${port}: ${detail}`;
    throw new FinwaitError("FINWAIT_LISTEN_FAILED", message, { cause });
  }
}

function handlerOf(options: ServeOptions, onError: (error: unknown) => void): Handler {
  if (options.fetch !== undefined && options.handler === undefined) {
    return fetchHandler(options.fetch, { onError });
  }
  if (options.handler !== undefined && options.fetch === undefined) return options.handler;
  throw new TypeError("Cannot serve: expected exactly one of the options fetch and handler");
}

/** Visible by default, and never an output of the library's own. */
function warnOfError(error: unknown): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning("A request handler failed, and the client got 500", {
    type: "FinwaitHandlerWarning",
    detail,
  });
}
