import { Command } from "commander";
import type { AdminListener } from "../admin/serve-admin.ts";
import { FinwaitError } from "../base/error.ts";
import { serve } from "../server/serve.ts";
import type { FinwaitServer, ServeOptions } from "../server/serve-options.ts";
import { noticeText } from "../teardown/notice.ts";
import { AccessLog, type AccessLogFormat } from "./access-log.ts";
import { adminOf } from "./admin.ts";
import { bannerLines } from "./banner.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { fileOptions, type LoadedSettings, loadSettings, unreadNotice } from "./loaded-settings.ts";
import { Readiness } from "./readiness.ts";
import { serveOptionsOf } from "./serve-options.ts";
import { type CommandLine, settingOptions } from "./setting-flags.ts";
import { reloadSettings } from "./settings-reload.ts";
import { shutdownOnSignal } from "./shutdown-on-signal.ts";
import { endByHangUp, watchTerminal } from "./terminal.ts";

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
  const options = serveOptionsOf(loaded);
  const readiness = new Readiness(loaded.settings.text("shutdown.readinessTarget"));
  const server = await listen({
    ...options,
    handler: readiness.handlerOver(options.handler),
    ...(log === null ? {} : { onExchange: (record) => log.add(record) }),
    onError: (error) => say(error instanceof Error ? String(error.stack) : String(error)),
    onNotice: (notice) => say(noticeText(notice)),
  });
  readiness.watch(server);
  const admin = await adminOf(server, () => loaded.settings);
  const { configPath } = loaded;
  const terminalIsGone = watchTerminal();
  const reload = () => {
    if (terminalIsGone()) endByHangUp();
    const load = () => loadSettings(commandLine, configPath);
    loaded = reloadSettings(loaded, { load, server, say });
  };
  process.on("SIGHUP", reload);
  const gone = shutdownOnSignal(server, () => loaded.settings, say);
  // Last, as who reads the banner may send a signal at once.
  announce(server, loaded, admin);
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
    // The library refuses what cannot be had here: somebody asked for it, and can ask otherwise.
    if (error instanceof FinwaitError && error.code === "FINWAIT_SO_LINGER_UNAVAILABLE") {
      throw new UsageError(error.message);
    }
    if (!(error instanceof Error) || error.cause === undefined) throw error;
    const reason = reasonOf(error.cause);
    throw new UsageError(`Cannot listen on ${options.host} port ${options.port}: ${reason}`);
  }
}

/** The banner: where it serves, which files had a say, and what in them had none. */
function announce(
  server: FinwaitServer,
  loaded: LoadedSettings,
  admin: AdminListener | null,
): void {
  const { configPath, httpdConfPath, settings } = loaded;
  const lines = bannerLines(settings.text("root"), server.url, server.address, server.port);
  const files = [configPath, httpdConfPath].filter((path) => path !== null);
  if (files.length > 0) lines.push(`  with the settings of ${files.join(" and ")}`);
  if (admin !== null) lines.push(`  status and metrics on ${admin.url}`);
  process.stderr.write(`${lines.join("\n")}\n`);
  const notice = unreadNotice(loaded);
  if (notice !== null) say(notice);
}
