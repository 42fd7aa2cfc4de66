import { Server as HttpServer } from "node:http";
import { Server as HttpsServer } from "node:https";
import { isMainThread } from "node:worker_threads";
import { FinwaitError } from "../base/error.ts";
import { noticeText } from "../teardown/notice.ts";
import { parseSocketOptions } from "../teardown/rule-options.ts";
import { attach, attachUnlessAttached } from "./attachment.ts";
import { readRegisterSettings } from "./register-settings.ts";
import { TerminationHandler } from "./termination-handler.ts";

// `node --import finwait/register app.js`: attaches to every http and https server of a program
// that cannot be changed, when it begins to listen. The environment says how:
//
// FINWAIT_CLOSE     the close policy, as JSON
// FINWAIT_ATTACH    the options of attach, as JSON
// FINWAIT_SHUTDOWN  the options of shutdown for SIGTERM, as JSON, or "off"

const said = new Set<string>();

/** Each line once: what is true of one server is true of all. */
function say(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  process.stderr.write(`finwait: ${text}\n`);
}

function main(): void {
  const { policy, options, shutdown } = orExit("", () =>
    readRegisterSettings(process.env, (notice) => say(noticeText(notice))),
  );
  // Whatever cannot be meant is refused before the program begins. Nothing is loaded or said for
  // that: NODE_OPTIONS reaches every tool that a program starts, most of them without a server.
  const quiet = { onNotice: () => {}, socketOptions: "off" } as const;
  orExit("FINWAIT_ATTACH: ", () => parseSocketOptions(options.socketOptions));
  orExit("FINWAIT_CLOSE: ", () => attach(new HttpServer(), policy, quiet).detach());
  orExit("FINWAIT_ATTACH: ", () => attach(new HttpServer(), {}, { ...options, ...quiet }).detach());
  // Signals come to the main thread only.
  const termination = shutdown === null || !isMainThread ? null : new TerminationHandler(shutdown);
  watchListen(HttpServer.prototype);
  watchListen(HttpsServer.prototype);

  function watchListen(prototype: HttpServer | HttpsServer): void {
    const { listen } = prototype;
    // One cast: `listen` has seven signatures, and all of them are handed on.
    prototype.listen = function (this: HttpServer | HttpsServer, ...args: unknown[]): unknown {
      attachUnlessAttached(this, policy, options);
      termination?.watch(this);
      return Reflect.apply(listen, this, args);
    } as typeof listen;
  }
}

/** What is refused ends the process with one line. */
function orExit<T>(prefix: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    process.stderr.write(`finwait: ${prefix}${error.message}\n`);
    process.exit(1);
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof RangeError || error instanceof TypeError || error instanceof FinwaitError;
}

main();
