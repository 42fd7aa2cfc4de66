import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Runs in a network namespace of its own: makes known numbers of sockets in each state, and then
// lets `finwait doctor`, ss and /proc say what they see. Prints all three as JSON.

const [main = ""] = process.argv.slice(2);
const FOLDER = mkdtempSync(join(tmpdir(), "finwait-doctor-"));

/** How the server ends each connection, and whether its client ends too. */
const PLAYS: readonly (readonly [count: number, server: (socket: Socket) => void, end: boolean])[] =
  [
    // Owned FIN-WAIT-2 on one side, CLOSE-WAIT on the other, both in this process.
    [3, (socket) => void socket.end(), false],
    // The same as an orphan.
    [4, (socket) => void socket.destroy(), false],
    // TIME-WAIT.
    [5, (socket) => void socket.destroy(), true],
  ];

async function play(): Promise<{ port: number; end(): void }> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const open = async (): Promise<[client: Socket, accepted: Socket]> => {
    const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const [accepted] = (await once(server, "connection")) as [Socket];
    sockets.push(client, accepted.resume());
    return [client, accepted];
  };
  for (const [count, endServer, clientEnds] of PLAYS) {
    for (let index = 0; index < count; index++) {
      const [client, accepted] = await open();
      endServer(accepted);
      // The FIN has come, and the kernel has acknowledged it by then.
      await once(client.resume(), "end");
      if (!clientEnds) continue;
      client.end();
      await once(client, "close");
    }
  }
  await open();
  return {
    port,
    end: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Into a file: pipes of Node are sockets, and would be counted. */
function output(command: string, ...args: string[]): string {
  const path = join(FOLDER, "output");
  const file = openSync(path, "w");
  spawnSync(command, args, { stdio: ["ignore", file, "inherit"] });
  closeSync(file);
  return readFileSync(path, "utf8");
}

const text = (path: string): string => readFileSync(path, "latin1");
const observe = () => ({
  sockstat: text("/proc/net/sockstat"),
  sockstat6: text("/proc/net/sockstat6"),
  snmp: text("/proc/net/snmp"),
  netstat: text("/proc/net/netstat"),
  fileNr: text("/proc/sys/fs/file-nr"),
  summary: output("ss", "-s"),
  sockets: output("ss", "-tanH"),
});

writeFileSync("/proc/sys/net/ipv4/tcp_fin_timeout", "65");
const { port, end } = await play();
const before = observe();
const report = JSON.parse(output(process.execPath, main, "doctor", "--json"));
const after = observe();
process.stdout.write(JSON.stringify({ pid: process.pid, port, before, report, after }));
end();
rmSync(FOLDER, { recursive: true });
