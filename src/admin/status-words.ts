import type { Ending } from "../tcp/ending.ts";

// Quantities and endings in words for people.

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** For example `999 B`, `1.5 KiB`. */
export function bytesText(bytes: number): string {
  let rest = bytes;
  let unit = 0;
  while (rest >= 1_024 && unit < BYTE_UNITS.length - 1) {
    rest /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? rest : rest.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** For example `0.3 ms`, `12 ms`, `4.2 s`, `3 min 5 s`, `2 h 0 min`. */
export function spanText(milliseconds: number): string {
  if (milliseconds < 10) return `${Math.round(milliseconds * 10) / 10} ms`;
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(Math.floor(milliseconds / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(milliseconds / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The time of day, in UTC. */
export function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 19)}Z`;
}

export function outcomeText({ outcome }: Ending): string {
  if (outcome.type === "network-failed") return `${outcome.type} (${outcome.code})`;
  const hasBound = "bound" in outcome && outcome.bound !== null;
  return hasBound ? `${outcome.type} (${outcome.bound})` : outcome.type;
}

/** Whether the last byte was acknowledged, and how that is known. */
export function deliveryText({ delivery, sentBytes }: Ending): string {
  if (sentBytes === 0) return "nothing sent";
  if (delivery.isAcknowledged === null) return "unknown";
  return `${delivery.isAcknowledged ? "yes" : "no"}, ${delivery.evidence}`;
}

/** The state that our end was left in, and how that is known. */
export function leftInText({ leftIn }: Ending): string {
  return `${leftIn.state.toUpperCase()}, ${leftIn.evidence}`;
}

export function endedAtMs({ openedAtMs, durations }: Ending): number {
  const { openMs, flushingMs, lingeringMs, heldMs } = durations;
  return openedAtMs + openMs + flushingMs + lingeringMs + heldMs;
}

/** `1 connection`, `2 connections`. */
export function countText(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
