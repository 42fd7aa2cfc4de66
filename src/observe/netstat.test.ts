import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { NETSTAT_LINE_LIMIT_BYTES, NetstatParser, readNetstat } from "./netstat.ts";
import type { SocketLine } from "./socket-line.ts";

// Goal: `netstat -an` of four systems is read, and the command cannot hang us. How: made-up outputs
// after the manuals, whole, split at every byte and one byte at a time; and small commands of node.

const LINUX = `Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State
tcp        0      0 127.0.0.1:8080          0.0.0.0:*               LISTEN
tcp        1     20 10.0.0.1:8080           192.0.2.7:51000         FIN_WAIT2
tcp6       0      0 :::443                  :::*                    LISTEN
tcp6       0      0 ::ffff:10.0.0.1:443     ::ffff:192.0.2.7:51001  CLOSE_WAIT
udp        0      0 0.0.0.0:68              0.0.0.0:*
Active UNIX domain sockets (servers and established)
unix  2      [ ACC ]     STREAM     LISTENING     1234     /run/tcp
`;
const MACOS = `Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp4       0      0  127.0.0.1.8080         *.*                    LISTEN
tcp4       5      0  10.0.0.1.8080          192.0.2.7.51000        FIN_WAIT_2
tcp46      0      0  *.443                  *.*                    LISTEN
tcp6       0      0  fe80::1%lo0.8080       fe80::2%lo0.51002      SYN_RCVD
tcp6       0      0  *.22                   *.*                    LISTEN
udp4       0      0  *.5353                 *.*
`;
const WINDOWS = `
Active Connections

  Proto  Local Address          Foreign Address        State
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING
  TCP    10.0.0.1:8080          192.0.2.7:51000        FIN_WAIT_2
  TCP    [::1]:8080             [::1]:51001            LAST_ACK
  UDP    0.0.0.0:123            *:*
`.replaceAll("\n", "\r\n");

type Row = readonly [SocketLine["state"], string, number, string, number, number, number];

function readPieces(pieces: readonly Uint8Array[]) {
  const rows: Row[] = [];
  const parser = new NetstatParser((socket) => {
    const line = socket.toLine();
    assert.deepEqual(
      [line.ownership, line.inode, line.timer, socket.peerKey(), socket.localPort, socket.state],
      ["unknown", null, "unknown", line.peerAddress, line.localPort, line.state],
    );
    const { state, localAddress, localPort, peerAddress, peerPort } = line;
    const { receiveQueueBytes, sendQueueBytes } = line;
    const queues = [receiveQueueBytes, sendQueueBytes] as const;
    rows.push([state, localAddress, localPort, peerAddress, peerPort, ...queues]);
  });
  for (const piece of pieces) parser.receive(piece);
  parser.receiveEnd();
  return { rows, malformedCount: parser.malformedCount };
}

function read(text: string) {
  const bytes = Buffer.from(text, "latin1");
  const whole = readPieces([bytes]);
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(readPieces([bytes.subarray(0, at), bytes.subarray(at)]), whole, `at ${at}`);
  }
  assert.deepEqual(readPieces(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
  return whole;
}

describe("NetstatParser", () => {
  it("Linux: TCP of both families, and nothing else", () => {
    assert.deepEqual(read(LINUX), {
      rows: [
        ["listen", "127.0.0.1", 8080, "0.0.0.0", 0, 0, 0],
        ["fin-wait-2", "10.0.0.1", 8080, "192.0.2.7", 51_000, 1, 20],
        ["listen", "::", 443, "::", 0, 0, 0],
        ["close-wait", "10.0.0.1", 443, "192.0.2.7", 51_001, 0, 0],
      ],
      malformedCount: 0,
    });
  });

  it("macOS and the BSDs: ports behind dots", () => {
    assert.deepEqual(read(MACOS), {
      rows: [
        ["listen", "127.0.0.1", 8080, "0.0.0.0", 0, 0, 0],
        ["fin-wait-2", "10.0.0.1", 8080, "192.0.2.7", 51_000, 5, 0],
        ["listen", "::", 443, "::", 0, 0, 0],
        ["syn-received", "fe80::1", 8080, "fe80::2", 51_002, 0, 0],
        ["listen", "::", 22, "::", 0, 0, 0],
      ],
      malformedCount: 0,
    });
  });

  it("Windows: no queues, and brackets", () => {
    assert.deepEqual(read(WINDOWS), {
      rows: [
        ["listen", "0.0.0.0", 135, "0.0.0.0", 0, 0, 0],
        ["fin-wait-2", "10.0.0.1", 8080, "192.0.2.7", 51_000, 0, 0],
        ["last-ack", "::1", 8080, "::1", 51_001, 0, 0],
      ],
      malformedCount: 0,
    });
  });

  it("a state in another language, an address that is none: counted as malformed", () => {
    const text = [
      "  TCP    10.0.0.1:8080   192.0.2.7:51000   HERGESTELLT",
      "tcp        0      0 host.example:80         192.0.2.7:51000         ESTABLISHED",
      "tcp        0      0 127.0.0.1:80            192.0.2.7:99999         ESTABLISHED",
    ].join("\n");
    assert.deepEqual(read(text), { rows: [], malformedCount: 3 });
  });

  it(`a line of more than ${NETSTAT_LINE_LIMIT_BYTES} bytes: is dropped, the next one read`, () => {
    const start = "tcp 0 0 127.0.0.1:80 192.0.2.7:5";
    const long = Buffer.from(`${start}${" ".repeat(NETSTAT_LINE_LIMIT_BYTES)}CLOSING`);
    const { rows } = readPieces([long, Buffer.from(`\n${start} LAST_ACK\n`)]);
    assert.deepEqual(rows, [["last-ack", "127.0.0.1", 80, "192.0.2.7", 5, 0, 0]]);
  });
});

/** Resolves when there is no such process any more. */
async function gone(pid: number): Promise<void> {
  const deadlineAtMs = performance.now() + 5_000;
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
      return;
    }
    assert.ok(performance.now() < deadlineAtMs, `process ${pid} is still there`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("readNetstat", () => {
  const node = (script: string): [string, ...string[]] => [process.execPath, "-e", script];

  it("a command that prints a table: is visited", async () => {
    const states: string[] = [];
    const command = node(`process.stdout.write(${JSON.stringify(LINUX)})`);
    const result = await readNetstat((socket) => states.push(socket.state), command);
    assert.deepEqual(result, { type: "read", malformedCount: 0 });
    assert.deepEqual(states, ["listen", "fin-wait-2", "listen", "close-wait"]);
  });

  it("a command that does not end: is ended at the deadline", async (ctx) => {
    if (process.platform === "win32") return ctx.skip("needs a shell");
    const folder = mkdtempSync(join(tmpdir(), "finwait-netstat-"));
    const script = `echo $$ > '${folder}/pid'; exec sleep 60`;
    const result = await readNetstat(() => {}, ["sh", "-c", script], 700);
    assert.deepEqual(result, { type: "failed", reason: "sh took more than 700 ms" });
    const pid = Number(readFileSync(join(folder, "pid"), "latin1"));
    rmSync(folder, { recursive: true });
    await gone(pid);
  });

  it("a command that fails or does not exist: is a reason", async () => {
    const failed = await readNetstat(() => {}, node("process.exit(3)"));
    assert.deepEqual(failed, {
      type: "failed",
      reason: `${process.execPath} ended with status 3`,
    });
    const missing = await readNetstat(() => {}, ["/nowhere/netstat"]);
    assert.ok(missing.type === "failed" && /cannot be run: .*ENOENT/.test(missing.reason));
  });
});
