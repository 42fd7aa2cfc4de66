import { SYSTEM_CATALOGUE } from "../tcp/system-catalogue.ts";
import type { FinWait2Timeout, KeepAliveDefaults, SystemProfile } from "../tcp/system-profile.ts";
import { labelledText, wrapText } from "./text-layout.ts";

// Entries of the catalogue of operating systems, for people.

const ERAS = {
  today: "Systems of today",
  page: "Systems of the Apache page about FIN_WAIT_2",
} as const;

/** The whole catalogue: `finwait doctor --systems`. */
export function catalogueText(): string {
  const sections = (["today", "page"] as const).map((era) => {
    const systems = SYSTEM_CATALOGUE.filter((system) => system.era === era);
    return [ERAS[era], ...systems.flatMap((system) => ["", ...systemText(system)])].join("\n");
  });
  return `${sections.join("\n\n")}\n`;
}

export function systemText(system: SystemProfile): string[] {
  const { id, name, versions, finWait2, tunable, keepAlive, source, note } = system;
  const { receivedOnReset, timeWaitMs, memoryFull } = system;
  const timeWait = timeWaitMs === "unknown" ? "unknown" : `${timeWaitMs / 1_000} s`;
  return [
    ...wrapText(`${name} ${versions} (${id})`, 2),
    ...labelledText("FIN-WAIT-2, orphan:", timeoutText(finWait2.orphan), 4),
    ...(finWait2.closedEarly === undefined
      ? []
      : labelledText("FIN-WAIT-2, closed before the ACK:", timeoutText(finWait2.closedEarly), 4)),
    ...labelledText("FIN-WAIT-2, owned: ", timeoutText(finWait2.owned), 4),
    ...(tunable === null
      ? []
      : [
          ...labelledText("Setting:", tunable.name, 4),
          ...labelledText("To change it:", tunable.command, 4),
        ]),
    ...(keepAlive === null ? [] : labelledText("Keep-alive:", keepAliveText(keepAlive), 4)),
    ...wrapText(
      `TIME-WAIT: ${timeWait}. Received data on RST: ${receivedOnReset}. ` +
        `Memory full: ${memoryFull}.`,
      4,
    ),
    ...labelledText("Source:", `${source.document}, ${source.section}, ${source.year}`, 4),
    ...labelledText("Note:", note, 4),
  ];
}

function timeoutText(timeout: FinWait2Timeout): string {
  if (typeof timeout === "number") return `${timeout / 1_000} s`;
  if (timeout === "none") return "no timeout";
  if (timeout === "unknown") return "unknown";
  const { formula, defaultMs } = timeout;
  return `${formula}: ${defaultMs === "unknown" ? "unknown" : `${defaultMs / 1_000} s`} by default`;
}

function keepAliveText({ idleMs, intervalMs, probeCount }: KeepAliveDefaults): string {
  const seconds = (ms: number | "unknown") => (ms === "unknown" ? "unknown" : `${ms / 1_000} s`);
  return `after ${seconds(idleMs)}, ${probeCount} probes, every ${seconds(intervalMs)}`;
}
