import { closeSync, openSync } from "node:fs";
import { Command } from "commander";
import { type FinwaitServer, type ServeOptions, serve } from "../server/serve.ts";
import { AccessLog, type AccessLogFormat } from "./access-log.ts";
import { bannerLines } from "./banner.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { fileOptions, type LoadedSettings, loadSettings, unreadNotice } from "./loaded-settings.ts";
import { serveOptionsOf } from "./serve-options.ts";
import { type CommandLine, settingOptions } from "./setting-flags.ts";
import { reloadSettings } from "./settings-reload.ts";

// `finwait serve [root]`: static files, served until a signal ends it.

export function serveCommand(): Command {
  const command = new Command("serve")
    .description("serve the files of a folder")
    .argument("[root]", "the folder (default: .)");
  for (const option of [...fileOptions(), ...settingOptions()]) command.addOption(option);
  return command.action((root: string | undefined, options: Record<string, unknown>) =>
    runServe({ root, options }),
  );
}

async function runServe(commandLine: CommandLine): Promise<void> {
  let loaded = loadSettings(commandLine);
  const log = accessLogOf(loaded.settings.text("accessLog"));
  const server = await listen({
    ...serveOptionsOf(loaded),
    ...(log === null ? {} : { onExchange: (record) => log.add(record) }),
    onError: (error) => say(error instanceof Error ? String(error.stack) : String(error)),
  });
  const { configPath } = loaded;
  const terminalIsGone = watchTerminal();
  const reload = () => {
    if (terminalIsGone()) endByHangUp();
    const load = () => loadSettings(commandLine, configPath);
    loaded = reloadSettings(loaded, { load, server, say });
  };
  process.on("SIGHUP", reload);
  const gone = shutdownOnSignal(server, () => loaded.settings.number("shutdown.deadlineMs"));
  // Last, as who reads the banner may send a signal at once.
  announce(server, loaded);
  await gone;
  process.off("SIGHUP", reload);
  log?.flush();
}

function say(line: string): void {
  process.stderr.write(`finwait: ${line}\n`);
}

function accessLogOf(format: string): AccessLog | null {
  return format === "off" ? null : new AccessLog(format as AccessLogFormat, process.stdout);
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

/** The banner: where it serves, which files had a say, and what in them had none. */
function announce(server: FinwaitServer, loaded: LoadedSettings): void {
  const { configPath, httpdConfPath, settings } = loaded;
  const lines = bannerLines(settings.text("root"), server.url, server.address, server.port);
  const files = [configPath, httpdConfPath].filter((path) => path !== null);
  if (files.length > 0) lines.push(`  with the settings of ${files.join(" and ")}`);
  process.stderr.write(`${lines.join("\n")}\n`);
  const notice = unreadNotice(loaded);
  if (notice !== null) say(notice);
}

/**
 * A terminal that is closed sends the same signal, and then nobody wants the server any more. Only
 * the signal itself ends it well: Node aborts when it exits normally without its terminal.
 */
function endByHangUp(): void {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}

/** Tells whether the terminal that there was at the start has been closed since. */
function watchTerminal(): () => boolean {
  // Under nohup, which shields from that signal, standard error is no terminal.
  const hadTerminal = process.stderr.isTTY === true && hasTerminal();
  return () => hadTerminal && !hasTerminal();
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch (error) {
    // ENXIO: there is none any more. On systems without this file there is nothing to know.
    return !(error instanceof Error && "code" in error && error.code === "ENXIO");
  }
}

/**
 * Resolves when the server is gone after SIGINT or SIGTERM. A second signal ends the process at
 * once.
 */
async function shutdownOnSignal(server: FinwaitServer, deadlineMs: () => number): Promise<void> {
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
  // MERGE: announceMs goes with it.
  await server.shutdown({ deadlineMs: deadlineMs() });
  process.off("SIGINT", exitNow);
  process.off("SIGTERM", exitNow);
}
