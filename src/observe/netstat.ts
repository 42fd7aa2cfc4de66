import { spawn } from "node:child_process";
import { isIP } from "node:net";
import type {
  Ownership,
  SocketLine,
  SocketState,
  SocketVisitor,
  VisitedSocket,
} from "./socket-line.ts";

// The socket table where only a command can be asked: `netstat -an` of macOS, the BSDs, Windows and
// Linux. It tells neither inodes nor timers, so ages are ours and owners are unknown.

/** The longest line that is a socket: two IPv6 addresses with zones, and queues. */
export const NETSTAT_LINE_LIMIT_BYTES = 1_024;
/** 100,000 lines take netstat well below a second; name look-ups, which take longer, are off. */
const NETSTAT_TIMEOUT_MS = 10_000;

/** How the systems spell the states, without `_` and in upper case. */
const STATES: Readonly<Record<string, SocketState>> = {
  LISTEN: "listen",
  LISTENING: "listen",
  SYNSENT: "syn-sent",
  SYNRECV: "syn-received",
  SYNRCVD: "syn-received",
  SYNRECEIVED: "syn-received",
  ESTABLISHED: "established",
  FINWAIT1: "fin-wait-1",
  FINWAIT2: "fin-wait-2",
  CLOSING: "closing",
  TIMEWAIT: "time-wait",
  CLOSEWAIT: "close-wait",
  LASTACK: "last-ack",
  CLOSE: "closed",
  CLOSED: "closed",
};

/** Linux and the BSDs: queues before the addresses. Windows: none. */
const TCP_LINE = /^\s*(tcp\S*)\s+(?:(\d+)\s+(\d+)\s+)?(\S+)\s+(\S+)\s+(\S+)/i;
/** The port is behind the last colon or, on the BSDs, the last dot. */
const ENDPOINT = /^(.*)[.:](\d+|\*)$/;

export class NetstatParser {
  /** Lines about TCP that could not be read, such as states in another language. */
  malformedCount = 0;
  readonly #visit: SocketVisitor;
  readonly #decoder = new TextDecoder("latin1");
  #rest = "";

  constructor(visit: SocketVisitor) {
    this.#visit = visit;
  }

  /** Takes a piece of the output, split anywhere. */
  receive(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes)).split("\n");
    // What is longer than a line can be is no socket, whatever follows.
    this.#rest = (lines.pop() ?? "").slice(0, NETSTAT_LINE_LIMIT_BYTES);
    for (const line of lines) this.#readLine(line);
  }

  receiveEnd(): void {
    this.#readLine(this.#rest);
    this.#rest = "";
  }

  #readLine(line: string): void {
    const match = TCP_LINE.exec(line);
    if (match === null) return;
    const [, protocol = "", receiveQueue = "0", sendQueue = "0", local = "", peer = ""] = match;
    const state = STATES[(match[6] ?? "").toUpperCase().replaceAll("_", "")];
    const from = endpointOf(local, protocol);
    const to = endpointOf(peer, protocol);
    if (state === undefined || from === null || to === null) {
      this.malformedCount++;
      return;
    }
    this.#visit(
      new NetstatSocket({
        state,
        localAddress: from.address,
        localPort: from.port,
        peerAddress: to.address,
        peerPort: to.port,
        sendQueueBytes: Number(sendQueue),
        receiveQueueBytes: Number(receiveQueue),
        timer: "unknown",
        timerLeftMs: null,
        uid: null,
        inode: null,
        ownership: "unknown",
      }),
    );
  }
}

class NetstatSocket implements VisitedSocket {
  readonly state: SocketState;
  readonly ownership: Ownership = "unknown";
  readonly localPort: number;
  readonly inode = null;
  readonly #line: SocketLine;

  constructor(line: SocketLine) {
    this.#line = line;
    this.state = line.state;
    this.localPort = line.localPort;
  }

  peerKey(): string {
    return this.#line.peerAddress;
  }

  toLine(): SocketLine {
    return this.#line;
  }
}

function endpointOf(text: string, protocol: string): { address: string; port: number } | null {
  const [, host = "", port = ""] = ENDPOINT.exec(text) ?? [];
  const address = addressOf(host, /6$/.test(protocol));
  if (address === null) return null;
  const number = port === "*" ? 0 : Number(port);
  return number <= 0xffff ? { address, port: number } : null;
}

/** Canonical as the systems write it; without brackets and zone. */
function addressOf(host: string, isIpv6: boolean): string | null {
  if (host === "*") return isIpv6 ? "::" : "0.0.0.0";
  const [bare = ""] = host.replace(/^\[|\]$/g, "").split("%", 1);
  const address = bare.toLowerCase().replace(/^::ffff:(?=[\d.]+$)/, "");
  return isIP(address) === 0 ? null : address;
}

export type NetstatResult =
  | { readonly type: "read"; readonly malformedCount: number }
  | { readonly type: "failed"; readonly reason: string };

/** Runs the command and visits what it prints. Never rejects. */
export function readNetstat(
  visit: SocketVisitor,
  command: readonly [string, ...string[]] = ["netstat", "-an"],
  timeoutMs: number = NETSTAT_TIMEOUT_MS,
): Promise<NetstatResult> {
  const [program, ...args] = command;
  const parser = new NetstatParser(visit);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "ignore"],
      // States in English, where the system listens to that.
      env: { ...process.env, LC_ALL: "C" },
      windowsHide: true,
    });
    const fail = (reason: string): void => {
      clearTimeout(deadline);
      child.kill("SIGKILL");
      // A grandchild may hold the pipe; nobody waits for it.
      child.stdout.destroy();
      resolve({ type: "failed", reason: `${program} ${reason}` });
    };
    const deadline = setTimeout(() => fail(`took more than ${timeoutMs} ms`), timeoutMs);
    child.stdout.on("data", (bytes: Buffer) => parser.receive(bytes));
    child.once("error", (error) => fail(`cannot be run: ${error.message}`));
    child.once("close", (status) => {
      if (status !== 0) return fail(`ended with status ${status}`);
      clearTimeout(deadline);
      parser.receiveEnd();
      resolve({ type: "read", malformedCount: parser.malformedCount });
    });
  });
}
