import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { Command, Option } from "commander";
import { parseClosePolicy } from "../closing/policy.ts";
import { staticFiles } from "../handlers/static-files.ts";
import type { Handler } from "../server/exchange.ts";
import { parseServerLimits } from "../server/limits.ts";
import type { TlsSettings } from "../server/listener.ts";
import { type FinwaitServer, type ServeOptions, serve } from "../server/serve.ts";
import { AccessLog, type AccessLogFormat } from "./access-log.ts";
import { bannerLines } from "./banner.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { limitsOf, numberOptions, parseWholeNumber, policyOf } from "./number-flags.ts";

// `finwait serve [root]`: static files, served until a signal ends it.

interface ServeFlags extends Record<string, unknown> {
  readonly host: string;
  readonly port: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly listing: boolean;
  readonly spa: boolean;
  readonly dotfiles: boolean;
  readonly symlinks: "inside" | "follow" | "refuse";
  readonly cacheControl: string;
  readonly accessLog: AccessLogFormat | "off";
  readonly close: "lingering" | "off";
  readonly onLingerExhausted: "close" | "reset";
  readonly shutdownDeadlineMs: number;
}

export function serveCommand(): Command {
  const command = new Command("serve")
    .description("serve the files of a folder")
    .argument("[root]", "the folder", ".")
    .option("-H, --host <address>", "address to listen on", "127.0.0.1")
    .option("-p, --port <n>", "TCP port; 0: any", wholeNumber("--port"), 8_080)
    .option("--tls-cert <file>", "certificate chain (PEM); makes it https")
    .option("--tls-key <file>", "private key (PEM)")
    .option("--listing", "list directories without index.html", false)
    .option("--spa", "answer unknown paths with /index.html", false)
    .option("--dotfiles", "serve names that begin with a dot", false)
    .addOption(choice("--symlinks <mode>", "inside", ["inside", "follow", "refuse"]))
    .option("--cache-control <value>", "Cache-Control of the files", "")
    .addOption(choice("--access-log <format>", "common", ["common", "combined", "json", "off"]))
    .option(
      "--shutdown-deadline-ms <n>",
      "longest wait for responses in flight after SIGTERM",
      wholeNumber("--shutdown-deadline-ms"),
      10_000,
    )
    .optionsGroup("How connections end:")
    .addOption(choice("--close <mode>", "lingering", ["lingering", "off"]))
    .addOption(choice("--on-linger-exhausted <action>", "close", ["close", "reset"]));
  for (const option of numberOptions()) command.addOption(option);
  return command.action((root: string, flags: ServeFlags) => runServe(root, flags));
}

const CHOICE_HELP: { readonly [flag: string]: string } = {
  "--symlinks <mode>":
    "symlinks that lead outside of the folder are refused, followed, or all refused",
  "--access-log <format>": "a line per response, on standard output",
  "--close <mode>": "lingering close, or close at once as in 1996",
  "--on-linger-exhausted <action>": "what to do when lingering reaches a limit",
};

function choice(flags: string, defaultValue: string, choices: readonly string[]): Option {
  return new Option(flags, CHOICE_HELP[flags]).choices(choices).default(defaultValue);
}

function wholeNumber(flag: string): (text: string) => number {
  return (text) => parseWholeNumber(flag, text);
}

async function runServe(root: string, flags: ServeFlags): Promise<void> {
  const log = flags.accessLog === "off" ? null : new AccessLog(flags.accessLog, process.stdout);
  const options: ServeOptions = {
    handler: handlerOf(root, flags),
    host: flags.host,
    port: parsePort(flags.port),
    ...tlsOf(flags),
    limits: asUsage(() => parseServerLimits(limitsOf(flags))),
    close: asUsage(() =>
      parseClosePolicy({
        ...policyOf(flags),
        mode: flags.close,
        onLingerExhausted: flags.onLingerExhausted,
      }),
    ),
    ...(log === null ? {} : { onExchange: (record) => log.add(record) }),
    onError: (error) => {
      process.stderr.write(`finwait: ${error instanceof Error ? error.stack : String(error)}\n`);
    },
  };
  const server = await listen(options);
  const lines = bannerLines(root, server.url, server.address, server.port);
  process.stderr.write(`${lines.join("\n")}\n`);
  await shutdownOnSignal(server, flags.shutdownDeadlineMs);
  log?.flush();
}

async function listen(options: ServeOptions): Promise<FinwaitServer> {
  try {
    return await serve(options);
  } catch (error) {
    if (!(error instanceof Error) || error.cause === undefined) throw error;
    const reason = reasonOf(error.cause);
    throw new UsageError(`Cannot listen on ${options.host} port ${options.port}: ${reason}`);
  }
}

/**
 * Resolves when the server is gone after SIGINT or SIGTERM. A second signal ends the process at
 * once.
 */
async function shutdownOnSignal(server: FinwaitServer, deadlineMs: number): Promise<void> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  const exitNow = () => process.exit(signal === "SIGINT" ? 130 : 143);
  process.on("SIGINT", exitNow);
  process.on("SIGTERM", exitNow);
  const count = server.connectionCount;
  const sockets = count === 1 ? "1 connection" : `${count} connections`;
  process.stderr.write(`\nShutting down, ${sockets} left. Once more: at once.\n`);
  await server.shutdown({ deadlineMs });
  process.off("SIGINT", exitNow);
  process.off("SIGTERM", exitNow);
}

function handlerOf(root: string, flags: ServeFlags): Handler {
  const { listing, spa, dotfiles, symlinks, cacheControl } = flags;
  return asUsage(() => staticFiles(root, { listing, spa, dotfiles, symlinks, cacheControl }));
}

function parsePort(port: number): number {
  if (port <= 65_535) return port;
  throw new UsageError(`Cannot use --port ${port}: expected a number from 0 to 65535`);
}

function tlsOf(flags: ServeFlags): { tls?: TlsSettings } {
  const { tlsCert, tlsKey } = flags;
  if (tlsCert === undefined && tlsKey === undefined) return {};
  if (tlsCert === undefined || tlsKey === undefined) {
    const [given, missing] = tlsKey === undefined ? ["cert", "key"] : ["key", "cert"];
    throw new UsageError(`Cannot use --tls-${given} alone: expected --tls-${missing} as well`);
  }
  const cert = readPem("--tls-cert", tlsCert);
  const key = readPem("--tls-key", tlsKey);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const reason = reasonOf(error);
    throw new UsageError(`Cannot use --tls-cert ${tlsCert} with --tls-key ${tlsKey}: ${reason}`);
  }
  return { tls: { cert, key } };
}

function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`Cannot read ${flag} ${file}: ${reasonOf(error)}`);
  }
}

/** What the library refuses in an argument, the user of the command can mend. */
function asUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
