# A client of Python: http.client or urllib3 carries out a plan (test/support/client-plan.ts).
#
# Usage: python3 client.py http.client|urllib3 PLAN; prints what was seen, as JSON.
# "-" in place of a plan prints the version.

import http.client
import json
import sys

TIMEOUT_S = 10
CHUNK = b"u" * 65_536


def chunks(upload_bytes):
    for start in range(0, upload_bytes, len(CHUNK)):
        yield CHUNK[: upload_bytes - start]


def content(asked):
    if asked["uploadBytes"] == 0:
        return None
    if asked["coding"] == "chunked":
        return chunks(asked["uploadBytes"])
    return b"u" * asked["uploadBytes"]


def fields(asked):
    return {"X-Large": "x" * asked["fieldBytes"]} if asked["fieldBytes"] > 0 else {}


class HttpClient:
    version = f"Python {sys.version.split()[0]}"

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def ask(self, asked):
        body = content(asked)
        method = "GET" if body is None else "POST"
        # Of a body without a length http.client makes chunks by itself.
        self.connection.request(method, asked["target"], body=body, headers=fields(asked))
        response = self.connection.getresponse()
        return [response.status, len(response.read())]

    def close(self):
        self.connection.close()


class Urllib3:
    def __init__(self, port):
        import urllib3

        self.version = f"urllib3 {urllib3.__version__}, Python {sys.version.split()[0]}"
        self.origin = f"http://127.0.0.1:{port}"
        self.pool = urllib3.PoolManager(timeout=TIMEOUT_S)

    def ask(self, asked):
        body = content(asked)
        method = "GET" if body is None else "POST"
        response = self.pool.urlopen(
            method,
            self.origin + asked["target"],
            body=body,
            headers=fields(asked),
            chunked=body is not None and asked["coding"] == "chunked",
        )
        return [response.status, len(response.data)]

    def close(self):
        self.pool.clear()


Client = {"http.client": HttpClient, "urllib3": Urllib3}[sys.argv[1]]
if sys.argv[2] == "-":
    print(Client(0).version)
    sys.exit()

plan = json.loads(sys.argv[2])
seen = []
client = Client(plan["port"])
for asked in plan["requests"]:
    try:
        seen.append(client.ask(asked))
    except Exception as error:
        seen.append([type(error).__name__, str(error)])
        client.close()
    if plan["pooling"] == "none":
        client.close()
        client = Client(plan["port"])
client.close()
print(json.dumps(seen))
