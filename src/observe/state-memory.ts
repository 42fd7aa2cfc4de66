import type { MachineFiles } from "./machine-files.ts";

// How many bytes of kernel memory a connection costs in each of its states, without its buffers.
//
// /proc/slabinfo has the sizes of this kernel, for root only. Elsewhere the sizes that finwait
// measured on Linux 6.18 stand in, and are marked as such.

const SLABINFO = "/proc/slabinfo";
const MEASURED = "finwait's measurements on Linux 6.18";

export interface StateMemory {
  readonly id: StateMemoryId;
  readonly state: string;
  readonly bytes: number;
  /** The caches that make it up, or "" where it was measured as a whole. */
  readonly parts: string;
  readonly source: string;
  /** "measured-elsewhere": the size of another kernel. */
  readonly origin: "this-machine" | "measured-elsewhere";
}

export type StateMemoryId = "owned" | "full-orphan" | "mini-socket" | "half-open" | "tracked";

interface StateRow {
  readonly id: StateMemoryId;
  readonly state: string;
  readonly caches: readonly string[];
  readonly measuredBytes: number;
}

const ROWS: readonly StateRow[] = [
  // A file descriptor of a socket is four objects; an orphan has lost three of them.
  {
    id: "owned",
    state: "any state, owned by an application",
    caches: ["TCP", "sock_inode_cache", "filp", "dentry"],
    measuredBytes: 3_640,
  },
  {
    id: "full-orphan",
    state: "orphan in FIN-WAIT-1, CLOSING or LAST-ACK",
    caches: ["TCP"],
    measuredBytes: 2_368,
  },
  {
    id: "mini-socket",
    state: "orphan in FIN-WAIT-2; TIME-WAIT",
    caches: ["tw_sock_TCP"],
    measuredBytes: 256,
  },
  { id: "half-open", state: "SYN-RECEIVED", caches: ["request_sock_TCP"], measuredBytes: 320 },
  {
    id: "tracked",
    state: "its entry in connection tracking",
    caches: ["nf_conntrack"],
    measuredBytes: 256,
  },
];

export function readStateMemory(files: MachineFiles): StateMemory[] {
  if (files.platform !== "linux") return [];
  const sizes = objectSizes(files.readText(SLABINFO) ?? "");
  return ROWS.map(({ id, state, caches, measuredBytes }) => {
    const parts = caches.flatMap((name) => {
      const bytes = sizes.get(name);
      return bytes === undefined ? [] : [{ name, bytes }];
    });
    // Kernels may merge caches of equal sizes, and then one of the names is missing.
    if (parts.length < caches.length) {
      const measured = { source: MEASURED, origin: "measured-elsewhere" } as const;
      return { id, state, bytes: measuredBytes, parts: "", ...measured };
    }
    return {
      id,
      state,
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
      parts: parts.map(({ name, bytes }) => `${name} ${bytes}`).join(" + "),
      source: SLABINFO,
      origin: "this-machine",
    };
  });
}

/** `name active total objsize …`, by cache. */
function objectSizes(slabinfo: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const line of slabinfo.split("\n")) {
    const [name = "", , , size = ""] = line.split(/\s+/);
    if (/^\d+$/.test(size)) sizes.set(name, Number(size));
  }
  return sizes;
}
