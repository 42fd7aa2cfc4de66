import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { ReadingTime } from "./reading-time.ts";

// Which process has a socket: /proc/PID/fd names the inode of every descriptor (proc_pid_fd(5)).
//
// Other users' processes may not be looked into, and then the owner is unknown, not nobody.

/** `command` is the kernel's name of the process, at most 15 characters. */
export interface SocketOwner {
  readonly pid: number;
  readonly command: string;
}

/** Asked for in one go. Past it, owners stay unknown. */
export const OWNER_LIMIT = 20_000;
/** Descriptors that are looked at in one go: the cost of a look is about 2 µs each. */
export const DESCRIPTOR_LIMIT = 500_000;
/** An inode whose owner was not found is not looked for again before this. */
export const RETRY_MS = 10_000;
const LINKS_PER_CHECK = 64;

const SOCKET_LINK = /^socket:\[(\d+)\]$/;

/** Owners by inode, remembered for the next refresh: an inode does not change hands often. */
export class SocketOwners {
  #known = new Map<number, SocketOwner>();
  #missedAtMs = new Map<number, number>();
  readonly #root: string;
  readonly #now: () => number;
  readonly #descriptorLimit: number;

  constructor(
    root = "/proc",
    now: () => number = () => performance.now(),
    descriptorLimit: number = DESCRIPTOR_LIMIT,
  ) {
    this.#root = root;
    this.#now = now;
    this.#descriptorLimit = descriptorLimit;
  }

  /**
   * Finds the owners of `inodes`, and forgets every other. An inode that is not in the result has
   * no owner that may be known.
   */
  async find(inodes: readonly number[]): Promise<ReadonlyMap<number, SocketOwner>> {
    const found = new Map<number, SocketOwner>();
    const missed = new Map<number, number>();
    const wanted = new Set<number>();
    const nowMs = this.#now();
    for (const inode of inodes.slice(0, OWNER_LIMIT)) {
      const owner = this.#known.get(inode);
      const missedAtMs = this.#missedAtMs.get(inode);
      if (owner !== undefined) found.set(inode, owner);
      else if (missedAtMs === undefined || nowMs - missedAtMs >= RETRY_MS) wanted.add(inode);
      else missed.set(inode, missedAtMs);
    }
    if (wanted.size > 0) await this.#search(wanted, found);
    for (const inode of wanted) missed.set(inode, nowMs);
    this.#known = found;
    this.#missedAtMs = missed;
    return found;
  }

  /** Moves from `wanted` to `found`, until nothing is wanted or everything has been looked at. */
  async #search(wanted: Set<number>, found: Map<number, SocketOwner>): Promise<void> {
    const root = this.#root;
    const time = new ReadingTime();
    let lookedAtCount = 0;
    for (const pid of namesIn(root) ?? []) {
      if (!/^\d+$/.test(pid)) continue;
      for (const descriptor of namesIn(`${root}/${pid}/fd`) ?? []) {
        if (++lookedAtCount > this.#descriptorLimit || time.isOver) return;
        if (lookedAtCount % LINKS_PER_CHECK === 0 && time.isSliceOver) await time.nextSlice();
        const inode = inodeOf(`${root}/${pid}/fd/${descriptor}`);
        if (inode === null || !wanted.delete(inode)) continue;
        found.set(inode, { pid: Number(pid), command: commandOf(root, pid) });
        if (wanted.size === 0) return;
      }
    }
  }
}

/** The inodes of all sockets of a process; `null`: it is gone, or not ours to look into. */
export function socketInodesOf(
  pid: number,
  root = "/proc",
  descriptorLimit: number = DESCRIPTOR_LIMIT,
): ReadonlySet<number> | null {
  const inodes = new Set<number>();
  const descriptors = namesIn(`${root}/${pid}/fd`);
  if (descriptors === null) return null;
  for (const name of descriptors.slice(0, descriptorLimit)) {
    const inode = inodeOf(`${root}/${pid}/fd/${name}`);
    if (inode !== null) inodes.add(inode);
  }
  return inodes;
}

function commandOf(root: string, pid: string): string {
  return ignoringRefusal(() => readFileSync(`${root}/${pid}/comm`, "utf8").trim()) ?? "";
}

const namesIn = (path: string): string[] | null => ignoringRefusal(() => readdirSync(path));

function inodeOf(path: string): number | null {
  const link = ignoringRefusal(() => readlinkSync(path));
  const inode = link === null ? undefined : SOCKET_LINK.exec(link)?.[1];
  return inode === undefined ? null : Number(inode);
}

/** `null` where the system refuses, and where a process or descriptor is gone meanwhile. */
function ignoringRefusal<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && "code" in error) return null;
    throw error;
  }
}
