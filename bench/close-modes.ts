// Question: what does each close mode do on this kernel? Bytes of a response that reach a client
// which uploads blindly, RSTs, time in FIN-WAIT-2 with a client that never closes, and whether the
// event loop stops while a socket is closed whose peer does not read.
//
// Each mode runs in a network namespace of its own, where the kernel's counters count nothing else;
// without the right to make one, the counters are of the whole machine, which is said.

import { fileURLToPath } from "node:url";
import { describeEnvironment } from "./environment.ts";
import { readCommand, startProcess } from "./processes.ts";
import { formatTable } from "./stats.ts";

export interface ModeFigures {
  readonly tryCount: number;
  readonly wholeCount: number;
  readonly deliveredBytes: readonly number[];
  readonly responseBytes: number;
  readonly resetCount: number;
  readonly ownedMs: number;
  readonly orphanedMs: number;
  readonly longestGapMs: number;
}

export interface ModeOptions {
  readonly tryCount: number;
}

/** Names as scene and table know them; the scene makes policies of them. */
export const MODES = ["lingering", "acknowledged", "so-linger", "off"] as const;
export type ModeName = (typeof MODES)[number];

const TITLES: { readonly [M in ModeName]: string } = {
  lingering: "lingering",
  acknowledged: 'lingering, releaseWhen "acknowledged"',
  "so-linger": "so-linger (2 s)",
  off: "off",
};

/** The orphan of a plain close() lives for a minute. */
const SCENE_TIMEOUT_MS = 180_000;

export async function runCloseModes({ tryCount }: ModeOptions): Promise<void> {
  console.log(await describeEnvironment());
  const isAlone = (await readCommand("unshare", ["--net", "true"])) !== undefined;
  console.log(
    `load     ${tryCount} uploads per mode${isAlone ? "" : "; RSTs of the whole machine"}\n`,
  );
  const figures = await Promise.all(MODES.map((mode) => play(mode, tryCount, isAlone)));
  const rows = [
    ["mode", "whole", "bytes, median", "RST", "FIN-WAIT-2 owned", "orphaned", "loop stopped"],
  ];
  for (const [index, mode] of MODES.entries()) {
    const seen = figures[index];
    if (seen !== undefined) rows.push([TITLES[mode], ...cellsOf(seen)]);
  }
  console.log(formatTable(rows));
}

function cellsOf(seen: ModeFigures): string[] {
  const { tryCount, wholeCount, deliveredBytes, responseBytes, resetCount } = seen;
  const sorted = [...deliveredBytes].sort((a, b) => a - b);
  const percent = ((sorted[Math.floor(sorted.length / 2)] ?? 0) * 100) / responseBytes;
  return [
    `${wholeCount} of ${tryCount}`,
    `${percent.toFixed(0)} %`,
    `${resetCount}`,
    `${(seen.ownedMs / 1_000).toFixed(2)} s`,
    `${(seen.orphanedMs / 1_000).toFixed(1)} s`,
    `${seen.longestGapMs.toFixed(0)} ms`,
  ];
}

async function play(mode: ModeName, tryCount: number, isAlone: boolean): Promise<ModeFigures> {
  const scene = fileURLToPath(new URL("./close-modes-scene.ts", import.meta.url));
  const node = [process.execPath, "--import", "tsx", scene, mode, `${tryCount}`];
  const inNamespace = ["--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', ...node];
  const [command = "", ...args] = isAlone ? ["unshare", ...inNamespace] : node;
  const started = await startProcess(command, args);
  try {
    const [, json = ""] = await started.waitForOutput(/figures (\{.*\})/, SCENE_TIMEOUT_MS);
    return JSON.parse(json) as ModeFigures;
  } finally {
    await started.stop();
  }
}
