import { loadBunFfi } from "./ffi-bun.ts";
import { loadKoffi } from "./ffi-koffi.ts";
import { loadNodeFfi } from "./ffi-node.ts";
import type { NativeCallsState } from "./native-calls.ts";
import { LinuxSocketOptions } from "./socket-options-linux.ts";
import type { TcpFacts } from "./tcp-facts.ts";

// The socket options port: what the kernel can be asked and told about a socket, where no runtime
// has a function for it. Found once per process: a way to call the C library, or why there is none.
//
// Nothing depends on it: a server without it keeps its promises by its own timers.

export type { TcpFacts } from "./tcp-facts.ts";

/** All take a descriptor and return what the kernel said. Nothing throws. */
export interface SocketOptions {
  readonly provider: "node:ffi" | "bun:ffi" | "koffi";
  /** `null`: the kernel refused. */
  tcpFacts(fd: number): TcpFacts | null;
  /**
   * How long an orphan stays in FIN-WAIT-2 (TCP_LINGER2). Negative: RST once the FIN is
   * acknowledged. See `finWait2Seconds` for what the kernel makes of the value.
   */
  setFinWait2Seconds(fd: number, seconds: number): boolean;
  /** How long data and our FIN may stay unacknowledged (TCP_USER_TIMEOUT). 0: no bound. */
  setUnacknowledgedTimeoutMs(fd: number, ms: number): boolean;
  /** SO_LINGER {on, seconds}: close() then blocks. `null`: off. */
  setSoLinger(fd: number, seconds: number | null): boolean;
  /** SO_ERROR, which reading clears: nobody else hears of that error then. */
  takePendingError(fd: number): number | null;
  /** A second descriptor of the same socket, closed on exec. Whoever asks has to close it. */
  duplicate(fd: number): number | null;
}

export type SocketOptionsState =
  | { readonly type: "available"; readonly options: SocketOptions }
  /** `reason` is one sentence, with what would help. */
  | { readonly type: "absent"; readonly reason: string };

const loaded = new Map<"auto" | "off", Promise<SocketOptionsState>>();

/** Finds a provider, and tries it on a real socket. Never rejects. Once per process and choice. */
export async function loadSocketOptions(choice: "auto" | "off"): Promise<SocketOptionsState> {
  const known = loaded.get(choice);
  if (known !== undefined) return known;
  const state = choice === "off" ? Promise.resolve(absent("switched off")) : load();
  loaded.set(choice, state);
  return state;
}

async function load(): Promise<SocketOptionsState> {
  if (process.platform !== "linux") return absent(`needs Linux, and this is ${process.platform}`);
  if (process.versions.deno !== undefined) {
    return absent("Deno does not tell the descriptors of its sockets; Node and Bun do");
  }
  const reasons: string[] = [];
  for (const loadProvider of [loadNodeFfi, loadBunFfi, loadKoffi]) {
    const state = checked(await loadProvider());
    if (state?.type === "loaded") return { type: "available", options: state.options };
    if (state !== null) reasons.push(state.reason);
  }
  if (reasons.length > 0)
    return absent(`no native calls are possible here (${reasons.join("; ")})`);
  return absent('needs Node 26.1 or later, Bun, or the package koffi: "npm install koffi"');
}

/** A provider that answers wrongly is worse than none. */
function checked(
  state: NativeCallsState,
): { type: "loaded"; options: SocketOptions } | { type: "failed"; reason: string } | null {
  if (state?.type !== "loaded") return state;
  const { provider } = state.calls;
  try {
    const options = new LinuxSocketOptions(state.calls);
    const complaint = options.selfTest();
    if (complaint === null) return { type: "loaded", options };
    return { type: "failed", reason: `${provider}: ${complaint}` };
  } catch (error) {
    // A function with another shape than ours, in a version of the provider that is not known here.
    return { type: "failed", reason: `${provider}: ${(error as Error).message}` };
  }
}

function absent(reason: string): SocketOptionsState {
  return { type: "absent", reason };
}
