import { Command, InvalidArgumentError, Option } from "commander";
import { SNAPSHOT_SOURCES, type SnapshotOptions } from "../observe/socket-table.ts";
import { UsageError } from "./cli-error.ts";
import { EndingWatch } from "./top-endings.ts";
import { FIRST_VIEW } from "./top-keys.ts";
import { frameJson, type TopFrame } from "./top-model.ts";
import { TopSampler } from "./top-sampler.ts";
import { plainText } from "./top-screen.ts";
import { runSession } from "./top-session.ts";

// `finwait top`: the sockets of this machine by state, and who waits for whose end.
//
// On a terminal a screen that redraws; elsewhere one snapshot, or with --json a line per refresh.

interface TopFlags {
  readonly port?: number;
  readonly pid?: number;
  readonly intervalMs: number;
  readonly count?: number;
  readonly json: boolean;
  readonly source: NonNullable<SnapshotOptions["source"]>;
  readonly admin?: string;
}

/** A snapshot of 100,000 sockets takes a tenth of a second. */
const INTERVAL_LEAST_MS = 100;
const INTERVAL_MOST_MS = 3_600_000;
const INTERVAL_DEFAULT_MS = 1_000;

export function topCommand(): Command {
  const source = new Option("--source <name>", "where to read the socket table")
    .choices(["auto", ...SNAPSHOT_SOURCES])
    .default("auto");
  return new Command("top")
    .description("watch how connections end: sockets by state, peer and process")
    .option("-p, --port <n>", "only sockets with this port on their own side", integer(1, 65_535))
    .option(
      "--pid <n>",
      "only the sockets of this process, and orphans of the ports where it listens",
      integer(1, 2 ** 31 - 1),
    )
    .option(
      "--interval-ms <n>",
      "time between two looks; precedents: htop 1500, top 3000",
      integer(INTERVAL_LEAST_MS, INTERVAL_MOST_MS),
      INTERVAL_DEFAULT_MS,
    )
    .option("--count <n>", "looks until it ends by itself", integer(1, Number.MAX_SAFE_INTEGER))
    .option("--json", "print one JSON object per look and line", false)
    .addOption(source)
    .option("--admin <url>", "status page of a finwait server, for the rates of its endings")
    .action((flags: TopFlags) => runTop(flags));
}

async function runTop(flags: TopFlags): Promise<void> {
  const sampler = samplerFor(flags);
  const { intervalMs, json } = flags;
  const isScreen = !json && process.stdout.isTTY === true && process.env.TERM !== "dumb";
  if (isScreen) {
    const streams = { input: process.stdin, output: process.stdout };
    const count = flags.count ?? Number.POSITIVE_INFINITY;
    const look = { title: titleOf(flags), hasColor: hasColor(), hasUnicode: hasUnicode() };
    process.exitCode = await runSession(sampler, streams, { intervalMs, count, look });
    return;
  }
  const text = json
    ? frameJson
    : (frame: TopFrame) => plainText(frame, FIRST_VIEW, titleOf(flags), process.stdout.columns);
  const count = flags.count ?? (json ? Number.POSITIVE_INFINITY : 1);
  await streamFrames(sampler, { text, count, intervalMs });
}

function samplerFor({ port, pid, source, admin }: TopFlags): TopSampler {
  const options: SnapshotOptions = {
    source,
    ...(port === undefined ? {} : { port }),
    ...(pid === undefined ? {} : { pid }),
  };
  if (admin === undefined) return new TopSampler(options, null);
  try {
    return new TopSampler(options, new EndingWatch(admin));
  } catch {
    // Whatever is wrong with it, this is what was wanted.
    throw new UsageError(`Cannot use --admin ${JSON.stringify(admin)}: expected an http URL`);
  }
}

interface StreamOptions {
  readonly text: (frame: TopFrame) => string;
  readonly count: number;
  readonly intervalMs: number;
}

/** Writes a frame per interval, until whoever reads has gone. */
async function streamFrames(
  sampler: TopSampler,
  { text, count, intervalMs }: StreamOptions,
): Promise<void> {
  let isReaderGone = false;
  // EPIPE: head and the like have seen enough.
  process.stdout.on("error", () => {
    isReaderGone = true;
  });
  for (let looked = 1; ; looked++) {
    const result = await sampler.sample();
    if (result.type === "failed") {
      throw new UsageError(`Cannot read the socket table: ${result.reason}`);
    }
    // Not before the last one is written: a slow reader gets fewer lines, not a queue of them.
    await new Promise<void>((resolve) => {
      process.stdout.write(text(result.frame), (error) => {
        if (error) isReaderGone = true;
        resolve();
      });
    });
    if (isReaderGone || looked >= count) return;
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

function titleOf({ port, pid, intervalMs }: TopFlags): string {
  const parts = [
    port === undefined ? "" : `port ${port}`,
    pid === undefined ? "" : `pid ${pid}`,
    intervalMs === INTERVAL_DEFAULT_MS ? "" : `every ${intervalMs} ms`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "all ports" : parts.join("  ");
}

/** https://no-color.org: set and not empty. */
const hasColor = (): boolean => (process.env.NO_COLOR ?? "") === "";

function hasUnicode(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== "");
  return process.platform === "win32" || /utf-?8/i.test(locale ?? "");
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected an integer from ${least} to ${most}.`);
  };
}
