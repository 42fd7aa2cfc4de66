import assert from "node:assert/strict";
import { describe, it } from "vitest";
import * as site from "../support/client-site.ts";
import { missingNote, runCommand } from "../support/command.ts";
import { poll } from "../support/deadline.ts";
import { withServer } from "../support/scene.ts";

// Goal: Python's http.client, which sends everything before it reads, gets the early 413 whole.
// How: a short script for the interpreter on this machine; it prints statuses and lengths as JSON.

const NOTE = missingNote("python3");

const SCRIPT = `
import http.client, json, sys
port, upload_bytes, tries = map(int, sys.argv[1:4])
seen = []
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
for target in ("/", "/style.css"):
    connection.request("GET", target)
    response = connection.getresponse()
    seen.append([response.status, len(response.read()) == int(response.headers["Content-Length"])])
for _ in range(tries):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "${site.UPLOAD_TARGET}", body=b"u" * upload_bytes)
        response = connection.getresponse()
        seen.append([response.status, len(response.read())])
    except Exception as error:
        seen.append([type(error).__name__, str(error)])
    connection.close()
print(json.dumps(seen))
`;

describe("Python http.client", () => {
  it("two files on one connection, then 20 MB blindly: a whole 413, 5 of 5", async (ctx) => {
    if (NOTE !== null) return ctx.skip(NOTE);
    await withServer(site.clientSite(), async (scene) => {
      const args = ["-", String(scene.port), String(site.UPLOAD_BYTES), "5"];
      const result = await runCommand("python3", args, SCRIPT);
      assert.equal(result.status, 0, result.complaints);
      const refusal = [413, site.REFUSAL_BYTES];
      const expected = [[200, true], [200, true], refusal, refusal, refusal, refusal, refusal];
      assert.deepEqual(JSON.parse(result.output), expected);
      // The last connection ends with the process, and its FIN may still be on its way.
      await poll("six endings", () => scene.endings.length === 6);
    });
  });
});
