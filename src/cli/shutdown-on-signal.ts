import type { FinwaitServer } from "../server/serve-options.ts";
import type { ShutdownOptions, ShutdownReport } from "../teardown/shutdown.ts";
import type { EffectiveSettings } from "./settings.ts";

// SIGINT and SIGTERM: the server goes away and says how far it is; a second signal ends it at once.

const PROGRESS_MS = 1_000;

/** Resolves when the server is gone. */
export async function shutdownOnSignal(
  server: FinwaitServer,
  settings: () => EffectiveSettings,
  say: (line: string) => void,
): Promise<void> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  const exitNow = () => process.exit(signal === "SIGINT" ? 130 : 143);
  process.on("SIGINT", exitNow);
  process.on("SIGTERM", exitNow);
  process.stderr.write("\n");
  say(`Shutting down, ${connections(server.connectionCount)} open. Once more: at once`);
  const before = server.counts.finishedCount;
  const progress = setInterval(() => say(progressText(server, before)), PROGRESS_MS);
  const report = await server.shutdown(optionsFor(signal, settings()));
  clearInterval(progress);
  say(reportText(report));
  process.off("SIGINT", exitNow);
  process.off("SIGTERM", exitNow);
}

/**
 * Whoever sends SIGTERM may have to tell a load balancer, so the window is kept in full. Whoever
 * presses Ctrl-C waits for connections only; unless a window was asked for.
 */
function optionsFor(signal: NodeJS.Signals, settings: EffectiveSettings): ShutdownOptions {
  const deadlineMs = settings.number("shutdown.deadlineMs");
  const announceMs = settings.number("shutdown.announceMs");
  const isAsked = settings.get("shutdown.announceMs").origin.type !== "default";
  if (signal === "SIGINT" && !isAsked) return { deadlineMs };
  return { announceMs: isAsked ? announceMs : Math.min(announceMs, deadlineMs), deadlineMs };
}

const PHASES: { readonly [P in FinwaitServer["phase"]]: string } = {
  serving: "serving",
  announcing: "announcing",
  closing: "finishing",
  closed: "done",
};

function progressText(server: FinwaitServer, before: number): string {
  const { finishedCount } = server.counts;
  const { lingeringNowCount } = server.lingering;
  return (
    `${PHASES[server.phase]}: ${connections(server.connectionCount)} open, ` +
    `${lingeringNowCount} of them lingering, ${requests(finishedCount - before)} answered`
  );
}

function reportText(report: ShutdownReport): string {
  const { finishedCount, lingeredCount, resetCount, lostCount, tookMs, isCutShort } = report;
  const how = isCutShort ? "Cut short" : "Done";
  return (
    `${how} after ${tookMs} ms: ${requests(finishedCount)} finished, ` +
    `${connections(lingeredCount)} ended in order, ${resetCount} reset, ${lostCount} lost`
  );
}

const connections = (count: number): string =>
  count === 1 ? "1 connection" : `${count} connections`;
const requests = (count: number): string => (count === 1 ? "1 request" : `${count} requests`);
