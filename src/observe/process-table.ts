import type { MachineFiles } from "./machine-files.ts";

// The processes of this machine, as far as sockets are concerned: who holds which, and how many
// descriptors are left to each. Linux, /proc/PID.

export interface ProcessView {
  readonly pid: number;
  /** Program and script, never more of the arguments: they may hold secrets. */
  readonly command: string;
  readonly descriptorCount: number;
  /** null: unlimited or not known. */
  readonly descriptorLimit: number | null;
}

export interface ProcessTable {
  readonly processes: readonly ProcessView[];
  /** Who holds a socket, by inode; the lowest pid where several share it. */
  readonly ownerByInode: ReadonlyMap<number, ProcessView>;
  /** What was left out, as sentences. */
  readonly gaps: readonly string[];
}

/** What is looked at most; beyond it the answer has a gap, and says so. */
export interface ProcessBounds {
  /** @default 32_768, which is the default of kernel.pid_max. */
  readonly processLimit: number;
  /** @default 500_000, about 2 µs each: a second for the whole look. */
  readonly linkLimit: number;
}

/** Enough for a path, and little enough for a table of 80 columns. */
const COMMAND_LIMIT = 60;

const SOCKET_LINK = /^socket:\[(\d+)\]$/;
const SCRIPT = /^\/[^=]*$|^[^-=][^=]*\.[a-z]{1,4}$/;

/** Looks for the owners of `inodes`, and stops following links once all are found. */
export function readProcesses(
  files: MachineFiles,
  inodes: ReadonlySet<number>,
  { processLimit, linkLimit }: ProcessBounds,
): ProcessTable {
  const gaps: string[] = [];
  const processes: ProcessView[] = [];
  const ownerByInode = new Map<number, ProcessView>();
  let linksLeft = linkLimit;
  let hiddenCount = 0;
  const pids = (files.listNames("/proc") ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  pids.sort((one, other) => one - other);
  if (pids.length > processLimit) {
    gaps.push(`only the first ${processLimit} of ${pids.length} processes were looked at`);
  }
  for (const pid of pids.slice(0, processLimit)) {
    const descriptors = files.listNames(`/proc/${pid}/fd`);
    if (descriptors === null) {
      // A process that ended meanwhile has no name any more; one of another user still has.
      if (files.readText(`/proc/${pid}/comm`) !== null) hiddenCount++;
      continue;
    }
    const process = viewProcess(files, pid, descriptors.length);
    processes.push(process);
    if (ownerByInode.size === inodes.size) continue;
    for (const descriptor of descriptors) {
      if (linksLeft-- <= 0) break;
      const link = files.linkTarget(`/proc/${pid}/fd/${descriptor}`) ?? "";
      const inode = Number(SOCKET_LINK.exec(link)?.[1] ?? Number.NaN);
      if (inodes.has(inode) && !ownerByInode.has(inode)) ownerByInode.set(inode, process);
    }
  }
  if (linksLeft < 0) gaps.push(`only ${linkLimit} descriptors were looked at`);
  if (hiddenCount > 0) {
    gaps.push(`${hiddenCount} processes of other users were not looked into: that needs root`);
  }
  return { processes, ownerByInode, gaps };
}

function viewProcess(files: MachineFiles, pid: number, descriptorCount: number): ProcessView {
  const limits = files.readText(`/proc/${pid}/limits`) ?? "";
  const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return {
    pid,
    command: commandOf(files, pid),
    descriptorCount,
    descriptorLimit: limit === undefined ? null : Number(limit),
  };
}

function commandOf(files: MachineFiles, pid: number): string {
  const [program = "", script = ""] = (files.readText(`/proc/${pid}/cmdline`) ?? "").split("\0");
  const name = program.slice(program.lastIndexOf("/") + 1);
  const words = [
    name === "" ? (files.readText(`/proc/${pid}/comm`) ?? "").trim() : name,
    ...(SCRIPT.test(script) ? [script] : []),
  ];
  // A process chooses its own name, and it is about to be printed on a terminal.
  const text = words.join(" ").replace(/[^\x20-\x7e]/g, "?");
  return text.length <= COMMAND_LIMIT ? text : `${text.slice(0, COMMAND_LIMIT - 3)}...`;
}
