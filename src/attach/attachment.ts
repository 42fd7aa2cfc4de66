import { Server as HttpServer } from "node:http";
import { Server as HttpsServer } from "node:https";
import { ClientBook } from "../closing/client-book.ts";
import { parseClientRules } from "../closing/client-rules.ts";
import { LearnedClients } from "../closing/learned-clients.ts";
import { parseLearnedClientsOptions } from "../closing/learned-clients-options.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import { detached } from "../teardown/detached.ts";
import { hasEndingSubscribers, publishEnding } from "../teardown/ending-channel.ts";
import { EndingLog } from "../teardown/ending-log.ts";
import {
  checkNames,
  parseSocketOptions,
  ruleOptionsOf,
  rulesOf,
} from "../teardown/rule-options.ts";
import { NodeClock } from "../transport/node-clock.ts";
import { loadSocketOptions, type SocketOptionsState } from "../transport/socket-options.ts";
import { systemOrphanMs } from "../transport/system-limits.ts";
import type { AttachedServer, AttachOptions } from "./attach-options.ts";
import { AttachedContext } from "./attached-context.ts";
import { AttachedListener } from "./attached-listener.ts";
import { AttachedHttpServer, parseAttachedSettings, SETTINGS } from "./attached-server.ts";
import { watchRequests } from "./http-channels.ts";

// A server of node:http or node:https in, the same server out, whose connections end well.

const OPTIONS: readonly string[] = [
  ...SETTINGS,
  ...([
    "onDestroyedResponse",
    "onHalfClose",
    "socketOptions",
    "onNotice",
  ] satisfies (keyof AttachOptions)[]),
];

/** Measured with Deno 2.9: a blind upload against an early response stands still. */
const DENO = "Deno does not read on where its own parser has stopped; Node does";

/**
 * Where a server that is attached to says so. All copies of finwait in a process use the same key:
 * a program may bring its own beside finwait/register, and two would cover each other's hooks.
 */
const ATTACHMENT: unique symbol = Symbol.for("finwait.attachment");

interface Attachment {
  readonly attached: AttachedServer;
  /** The program itself may still attach to the server, as if nobody had. */
  readonly isProvisional: boolean;
}

type MarkedServer = (HttpServer | HttpsServer) & { readonly [ATTACHMENT]?: Attachment };

function attachmentOf(server: MarkedServer): Attachment | undefined {
  return server[ATTACHMENT];
}

function mark(server: HttpServer | HttpsServer, attachment: Attachment): void {
  Object.defineProperty(server, ATTACHMENT, { value: attachment, configurable: true });
}

/** The server's, if it is attached to. */
export function attachedTo(server: HttpServer | HttpsServer): AttachedServer | undefined {
  return attachmentOf(server)?.attached;
}

/**
 * As {@link attach}, until the program attaches to the server by itself, which it may have done
 * already.
 */
export function attachUnlessAttached(
  server: HttpServer | HttpsServer,
  policy: Partial<ClosePolicy>,
  options: AttachOptions,
): void {
  if (attachmentOf(server) !== undefined) return;
  const attached = attach(server, policy, options);
  if (attachedTo(server) === attached) mark(server, { attached, isProvisional: true });
}

/**
 * Puts the closing engine under an existing server: a last response is followed by half-close and
 * lingering close, instead of `destroy()`. Connections that are open already stay as they are, so
 * call it before `listen`, or in the same turn. Nothing else about the server changes.
 *
 * For Node 20 to 26. Where the runtime does not say what is needed, as Bun 1.4 and Deno 2.9, the
 * notice "attach-unavailable" says so, and the server is left as it was.
 *
 * @throws {TypeError} `server` is no server of node:http or node:https, or something else is not of
 * the kind that is wanted.
 * @throws {RangeError} A value is out of range, contradicts another one, or the server is attached
 * already.
 */
export function attach(
  server: HttpServer | HttpsServer,
  policy?: Partial<ClosePolicy>,
  options: AttachOptions = {},
): AttachedServer {
  const isTls = server instanceof HttpsServer;
  if (!isTls && !(server instanceof HttpServer)) {
    throw new TypeError("Cannot attach: expected a server of node:http or node:https");
  }
  checkOptions(options);
  const before = attachmentOf(server);
  if (before?.isProvisional === false) {
    throw new RangeError("Cannot attach: expected a server that is not attached already");
  }
  const settings = parseAttachedSettings(policy, options);
  const ruleOptions = ruleOptionsOf(options);
  const clients = new ClientBook(
    parseClientRules(rulesOf(ruleOptions)),
    new LearnedClients(parseLearnedClientsOptions(options.learnedClients)),
  );
  const onDestroyedResponse = oneOf(options, "onDestroyedResponse", ["deliver", "destroy"]);
  const onHalfClose = oneOf(options, "onHalfClose", ["answer", "end"]);
  const socketOptions = parseSocketOptions(options.socketOptions);
  // Nothing is refused from here on.
  before?.attached.detach();
  const endings = new EndingLog();
  const handleNotice = detached(options.onNotice ?? (() => {}));
  const context = new AttachedContext({
    ...settings,
    server,
    clients,
    clock: new NodeClock(),
    onDestroyedResponse,
    onHalfClose,
    terms: { canSetDeadlines: false, orphanMs: systemOrphanMs() },
    observer: {
      handleEnding: (ending) => {
        endings.add(ending);
        if (hasEndingSubscribers()) publishEnding(ending, placeOf(server));
      },
      handleNotice,
    },
  });
  const loading = loadSocketOptions(socketOptions);
  const listener = new AttachedListener(context, isTls);
  const stopWatching = watchRequests();
  const attached = new AttachedHttpServer(
    context,
    listener,
    endings,
    ruleOptions,
    loading.then((state) => {
      useSocketOptions(context, listener, state);
      return state;
    }),
    () => {
      if (attachedTo(server) !== attached) return;
      Reflect.deleteProperty(server, ATTACHMENT);
      stopWatching();
    },
  );
  mark(server, { attached, isProvisional: false });
  if (process.versions.deno !== undefined) {
    handleNotice({ type: "attach-unavailable", reason: DENO });
    attached.detach();
  }
  return attached;
}

/** What is not of the kind that is wanted would fail later, and say something else. */
function checkOptions(options: AttachOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError("Cannot attach: expected options that are an object");
  }
  checkNames("attach with", options, OPTIONS);
  const { onNotice } = options;
  if (onNotice !== undefined && typeof onNotice !== "function") {
    throw new TypeError("Cannot attach: expected onNotice to be a function");
  }
}

function useSocketOptions(
  context: AttachedContext,
  listener: AttachedListener,
  state: SocketOptionsState,
): void {
  if (state.type === "available") {
    context.socketOptions = state.options;
    context.useTerms({ canSetDeadlines: true, orphanMs: context.releaseTerms.orphanMs });
    listener.setOrphanDeadline();
    return;
  }
  const { observer, policy, persistence, sendTimeoutMs } = context;
  observer.handleNotice({ type: "socket-options-absent", reason: state.reason });
  if (policy.mode !== "so-linger") return;
  context.useSettings({ policy: { ...policy, mode: "lingering" }, persistence, sendTimeoutMs });
  observer.handleNotice({ type: "so-linger-unavailable" });
}

function placeOf(server: HttpServer | HttpsServer): { address: string; port: number } {
  const bound = server.address();
  if (bound === null || typeof bound === "string") return { address: bound ?? "", port: 0 };
  return { address: bound.address, port: bound.port };
}

/** The first of `values` is the default. */
function oneOf<K extends "onDestroyedResponse" | "onHalfClose">(
  options: AttachOptions,
  key: K,
  values: readonly [NonNullable<AttachOptions[K]>, NonNullable<AttachOptions[K]>],
): NonNullable<AttachOptions[K]> {
  const value = options[key] ?? values[0];
  if (values.includes(value)) return value;
  const expected = values.map((each) => JSON.stringify(each)).join(" or ");
  throw new RangeError(`Cannot use ${key} ${JSON.stringify(value)}: expected ${expected}`);
}
