import type { GroupOwner } from "./top-model.ts";

// The small texts of `finwait top`: ages, sizes, owners, cells of a width.

const KIB = 1024;
const UNITS = ["", "K", "M", "G", "T"];
const TIMES: readonly (readonly [string, number])[] = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
];

/** `7s`, `12m`, `3h`, `2d`: rounded down, so that nothing seems older than it was seen. */
export function ageText(ms: number | null): string {
  if (ms === null) return "?";
  const seconds = Math.floor(ms / 1_000);
  const [unit = "s", length = 1] = TIMES.find(([, least]) => seconds >= least) ?? [];
  return `${Math.floor(seconds / length)}${unit}`;
}

/** `512`, `1.2K`, `35M`: at most five characters. */
export function sizeText(bytes: number | null): string {
  if (bytes === null) return "?";
  let value = bytes;
  let unit = 0;
  while (Math.round(value) >= 1_000 && unit < UNITS.length - 1) {
    value /= KIB;
    unit++;
  }
  const digits = unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value).toFixed(0);
  return digits + (UNITS[unit] ?? "");
}

/** `2.0`, `0.25`, `150`: three digits that matter. */
export function rateText(perSecond: number): string {
  if (perSecond >= 100) return perSecond.toFixed(0);
  return perSecond >= 1 || perSecond === 0 ? perSecond.toFixed(1) : perSecond.toFixed(2);
}

const OWNERS: { readonly [T in Exclude<GroupOwner["type"], "process">]: string } = {
  orphaned: "(orphaned)",
  "accept-queue": "(accept queue)",
  unknown: "(unknown)",
  "not-looked-up": "(not looked up)",
};

export function ownerText(owner: GroupOwner): string {
  return owner.type === "process" ? `${printable(owner.command)}/${owner.pid}` : OWNERS[owner.type];
}

/** A process may call itself anything, sequences that move the cursor included. */
export function printable(text: string): string {
  return text.replace(/[^ -~]/g, "?");
}

/** Exactly `width` characters, of text without wide ones. */
export function cell(text: string, width: number, side: "left" | "right" = "left"): string {
  const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}~` : text;
  return (side === "left" ? cut.padEnd(width) : cut.padStart(width)).slice(0, Math.max(0, width));
}
